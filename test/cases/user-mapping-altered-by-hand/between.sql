ALTER USER MAPPING FOR PUBLIC SERVER shop OPTIONS (SET user 'x', DROP password, ADD sslcert 'c');
