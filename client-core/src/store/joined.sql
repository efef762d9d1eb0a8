-- Epochs in which this device was given a leaf. A Welcome that comes again would start its sender
-- ratchets anew.
CREATE TABLE joined (
    log BLOB NOT NULL,
    epoch_authenticator BLOB NOT NULL,
    PRIMARY KEY (log, epoch_authenticator)
) STRICT, WITHOUT ROWID;
