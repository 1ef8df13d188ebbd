// What the tests of the ledger share: ledgers of older versions, and short texts for its rows.

import type { Fixture } from './fixture.ts'

/** Turns a ledger of this release into one of version 7, keeping its rows. */
export const asVersion7 = `
  DROP FUNCTION fdwsync.refresh;
  DROP TABLE fdwsync.policy;
  DROP INDEX fdwsync.refresh_address_ended_at_idx, fdwsync.refresh_started_at_idx;
  ALTER TABLE fdwsync.refresh DROP origin, DROP asked, DROP because, DROP inserted, DROP updated, DROP deleted, DROP bytes, DROP answer,
    DROP state, DROP is_former;
  ALTER TABLE fdwsync.proof DROP names, DROP warnings, DROP declarations;
  ALTER TABLE fdwsync.apply DROP not_imported;
  ALTER TABLE fdwsync.object DROP canonical, DROP search_path, DROP outdated_by;
  UPDATE fdwsync.version SET version = 7`

/** Turns a ledger of this release into one of version 6, keeping its rows. */
export const asVersion6 = `${asVersion7};
  ALTER TABLE fdwsync.object RENAME COLUMN created_by_fdwsync TO made;
  UPDATE fdwsync.object
     SET source = source - '{request,response}'::text[]
               || jsonb_build_object('asked', source -> 'request', 'said', source -> 'response')
   WHERE source IS NOT NULL;
  UPDATE fdwsync.version SET version = 6`

/** Turns a ledger of this release into one of version 1, keeping its rows. */
export const asVersion1 = `${asVersion6};
  DROP TABLE fdwsync.step, fdwsync.refresh, fdwsync.proof;
  ALTER TABLE fdwsync.apply DROP ended_at, DROP outcome, DROP manifest_digest, DROP summary, DROP applied_from,
    DROP client_user, DROP client_host, DROP git_commit, DROP repository, DROP database_name, DROP database_oid,
    DROP system_identifier, DROP lease_pid;
  ALTER TABLE fdwsync.object DROP closure, DROP source;
  UPDATE fdwsync.version SET version = 1`

/** The row of the newest apply. */
export async function newestApply(fixture: Fixture): Promise<Record<string, unknown> | undefined> {
  const [row] = await fixture.sql('SELECT * FROM fdwsync.apply ORDER BY started_at DESC LIMIT 1')
  return row
}

/** `applied create server shop`, the steps of the newest apply, ordered by title. */
export async function stepsOf(fixture: Fixture): Promise<readonly unknown[]> {
  const rows = await fixture.sql(`SELECT outcome || ' ' || action || ' ' || title AS step FROM fdwsync.step
    WHERE apply_id = (SELECT id FROM fdwsync.apply ORDER BY started_at DESC LIMIT 1) ORDER BY title, action`)
  return rows.map(({ step }) => step)
}

/** `applied orders plain 50`, ordered by when they began. */
export async function refreshesOf(fixture: Fixture): Promise<readonly unknown[]> {
  const rows = await fixture.sql(`SELECT concat_ws(' ', outcome, address::jsonb ->> 2, how, row_count) AS refresh
    FROM fdwsync.refresh ORDER BY started_at, address`)
  return rows.map(({ refresh }) => refresh)
}
