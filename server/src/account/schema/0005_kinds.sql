-- What accounts are: person, agent or custodian, with all their devices.

ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';
-- What the account that it lets in has to be.
ALTER TABLE invitations ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';
