UPDATE fdwsync.object SET object_oid = (object_oid::bigint + 1000000000)::oid; -- as after a restore of a dump
