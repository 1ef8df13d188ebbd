import { type Sql, trusted } from '../core/sql.ts'

/** The version of the ledger's tables that this release reads and writes. */
export const ledgerVersion = 1

/**
 * The ledger: public tables that people may query. They live in the target database, so that ownership commits together
 * with the DDL and can never disagree with the catalog the way a state file can.
 */
export const createLedger: readonly Sql[] = [
  trusted('CREATE SCHEMA fdwsync'),
  trusted(`CREATE TABLE fdwsync.version (version integer NOT NULL, PRIMARY KEY (version))`),
  trusted(`INSERT INTO fdwsync.version (version) VALUES (${ledgerVersion})`),
  trusted(`CREATE TABLE fdwsync.apply (
    id uuid NOT NULL,
    manifest text NOT NULL,
    applied_by name NOT NULL,
    tool_version text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    PRIMARY KEY (id))`),
  trusted(`CREATE TABLE fdwsync.object (
    manifest text NOT NULL,
    address text NOT NULL,
    object_oid oid NOT NULL,
    made boolean NOT NULL,
    declared jsonb NOT NULL,
    digest text,
    server_major integer NOT NULL,
    apply_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    PRIMARY KEY (manifest, address))`),
  trusted(
    `COMMENT ON SCHEMA fdwsync IS 'What the manifests of fdwsync own in this database. Written by fdwsync only.'`,
  ),
  trusted(
    `COMMENT ON TABLE fdwsync.object IS 'An object a row: which manifest owns it, and what was declared of it when it was last applied.'`,
  ),
  trusted(`COMMENT ON TABLE fdwsync.apply IS 'Who applied which manifest, and when.'`),
]

export const ledgerTables = ['apply', 'object', 'version'] as const

/**
 * One row a reason why the ledger must not be used. Whoever may make a schema could prepare one with a trigger, a rule,
 * a view or a default that runs as whoever applies. So nothing in it is read or written before this: its owner must be
 * this role, a superuser, or a role that this one was made a member of by somebody else (what a superuser is a member of
 * does not count), and
 * the tables must be plain tables of just the shape that fdwsync gives them.
 */
export const distrustQuery: Sql = trusted(`
  WITH RECURSIVE trusted(oid) AS (
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname = current_user
    UNION
    SELECT m.roleid FROM trusted t JOIN pg_catalog.pg_auth_members m ON m.member = t.oid
     WHERE t.oid NOT IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper)
       -- Before 16 a role could make anybody a member of itself.
       AND m.grantor <> m.roleid
  ), ns AS (
    SELECT oid, nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'fdwsync'
  ), rel AS (
    SELECT c.* FROM pg_catalog.pg_class c JOIN ns ON c.relnamespace = ns.oid
  ), ours AS (
    SELECT * FROM rel WHERE relname IN ('apply', 'object', 'version')
  )
  SELECT 'the schema belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(nspowner)) AS reason
    FROM ns WHERE nspowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(relowner))
    FROM rel WHERE relowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT 'function ' || pg_catalog.quote_ident(proname) || ' belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(proowner))
    FROM pg_catalog.pg_proc p JOIN ns ON p.pronamespace = ns.oid WHERE proowner NOT IN (SELECT oid FROM trusted)
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' is not a plain table'
    FROM ours WHERE relkind <> 'r' OR relrowsecurity OR relispartition OR relhassubclass
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the trigger ' || pg_catalog.quote_ident(tgname)
    FROM ours JOIN pg_catalog.pg_trigger ON tgrelid = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the rule ' || pg_catalog.quote_ident(rulename)
    FROM ours JOIN pg_catalog.pg_rewrite ON ev_class = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has a default or generated column'
    FROM ours JOIN pg_catalog.pg_attrdef ON adrelid = ours.oid
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has the constraint ' || pg_catalog.quote_ident(conname)
    FROM ours JOIN pg_catalog.pg_constraint ON conrelid = ours.oid WHERE contype NOT IN ('p', 'n')
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || ' has an index on an expression'
    FROM ours JOIN pg_catalog.pg_index ON indrelid = ours.oid WHERE indexprs IS NOT NULL OR indpred IS NOT NULL
  UNION ALL
  SELECT pg_catalog.quote_ident(relname) || '.' || pg_catalog.quote_ident(attname) || ' has a type that fdwsync did not give it'
    FROM ours JOIN pg_catalog.pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
   WHERE atttypid NOT IN (SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace)`)
