-- A schema of anybody, though its name looks like that of a scratch schema.
CREATE SCHEMA fdwsync_probe_0a; CREATE TABLE fdwsync_probe_0a.t (a int); CREATE INDEX taken ON fdwsync_probe_0a.t (a);
