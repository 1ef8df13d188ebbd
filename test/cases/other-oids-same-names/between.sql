UPDATE fdwsync.object SET object_oid = (object_oid::bigint + 100000)::oid; -- as after a restore of a dump
