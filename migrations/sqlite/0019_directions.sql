-- What texts mean, as an encoder's numbers in hexadecimal digits: derived, and found anew where it is missing.
CREATE TABLE directions (
    encoder TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (encoder, sha256)
);
