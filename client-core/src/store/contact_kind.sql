-- What somebody is: person, agent or custodian; empty if not known.
ALTER TABLE contact ADD COLUMN kind TEXT NOT NULL DEFAULT '';
