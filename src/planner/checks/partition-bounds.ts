// Refuses partitions whose bounds overlap those of other partitions, in this plan or unmanaged, or whose rows are in the default
// partition. The probe cannot see that: it tries out each partition on its own, since the live one may have the same bounds.

import type { Change, WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import { keyOf } from '../../core/object.ts'
import type { Refusal } from '../../core/plan.ts'
import { ident, literal, qualified, type Sql, sql } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { newSuffix } from '../../db/suffix.ts'
import { rolledBack } from '../../db/transaction.ts'
import { isProof } from '../../dependents/stand-ins.ts'
import { beginTrial } from '../../introspector/transaction-settings.ts'
import { nameOf } from '../../kinds/facets/names.ts'
import type { PartitionOf } from '../../kinds/foreign-table/parents.ts'
import { titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'

interface Attached {
  readonly to: WantedObject
  readonly name: string
  readonly partitionOf: PartitionOf
}

/** On a copy of each parent, creates the partitions that stay, and then those that the plan attaches. */
export async function refuseOverlappingPartitions(
  session: Session,
  changes: readonly Change[],
): Promise<readonly Refusal[]> {
  const attached = changes.flatMap(attachedBy)
  if (attached.length === 0) return []
  const scratch = `fdwsync_probe_${newSuffix()}`
  try {
    const rows = await rolledBack(session, beginTrial(session), () =>
      session.query<{ at: number; reason: string; inDefault: boolean }>(trial(scratch, attached, changes)),
    )
    return rows.flatMap(({ at, reason, inDefault }) => {
      const to = attached[at]?.to
      const hint = inDefault
        ? 'Delete those rows there first, or move them to the source.'
        : 'Change the bounds of one of the two, or detach the other partition.'
      return to ? [{ code: 'server/rejected', key: keyOf(to.id), title: titleOf(to.id), reason, hint }] : []
    })
  } catch (error) {
    // The server is read-only or this role may not create anything, which the probe has reported, or there are too many relations
    // to lock.
    if (!isDatabaseError(error) || session.isLost() || isProof(error)) throw error
    return []
  }
}

function attachedBy(change: Change): readonly Attached[] {
  if (change.op !== 'create' && change.op !== 'replace' && !isMoved(change)) return []
  const { to } = change
  const partition = asKind(to, 'foreignTable')
  const partitionOf = partition?.spec.partitionOf
  return partitionOf ? [{ to, name: partition.id.name, partitionOf }] : []
}

function isMoved(change: Change): change is Extract<Change, { op: 'alter' }> {
  return change.op === 'alter' && change.fields.some(({ field }) => field === 'partition of')
}

/** The live partitions that get other bounds, or are detached. */
function detachedBy(change: Change): readonly number[] {
  const isDetached = change.op === 'drop' || change.op === 'replace' || isMoved(change)
  return isDetached && change.from.catalog === 'pg_class' ? [change.from.oid] : []
}

/**
 * The tables without partitions in or below the default partition of `parent.parent`. Its rows are compared with PostgreSQL's own operators
 * only, since a plan runs no user-defined code.
 */
function defaultLeaves(detached: readonly number[]): Sql {
  return sql`
      SELECT c.oid::regclass AS leaf
        FROM pg_catalog.pg_partitioned_table p, pg_catalog.pg_partition_tree(p.partdefid) t JOIN pg_catalog.pg_class c ON c.oid = t.relid
       WHERE p.partrelid = parent.parent AND p.partdefid <> 0 AND t.isleaf AND c.relkind = 'r' AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
         AND c.oid <> ALL (${literal(`{${detached.join(',')}}`)}::pg_catalog.oid[]) AND p.partexprs IS NULL
         AND 16384 > ALL (p.partclass::pg_catalog.oid[])
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type ty ON ty.oid = atttypid
                          WHERE attrelid = p.partrelid AND attnum = ANY (p.partattrs::int2[]) AND ty.oid >= 16384 AND typtype <> 'e')`
}

/**
 * Returns a row for each partition that PostgreSQL rejects. Its errors name partitions, so these keep their names: existing ones
 * are in one schema, if no two have the same name, and new ones in another.
 */
function trial(scratch: string, attached: readonly Attached[], changes: readonly Change[]): Sql {
  const detached = changes.flatMap(detachedBy)
  const [errors, existing] = [qualified(scratch, 'fdwsync errors'), ident(`${scratch}_existing`)]
  const withPlaces = attached.map((each, at) => ({ ...each, at }))
  const parents = Array.from(
    groupBy(withPlaces, ({ partitionOf }) => nameOf(partitionOf.parent)),
    ([parent, partitions]) => ({
      parent,
      partitions: partitions.map(({ at, name, partitionOf: { bound } }) => ({ at, name, bound })),
    }),
  )
  const body = sql`
DECLARE
  parent record;
  part record;
  leaf regclass;
  found bool;
  copy pg_catalog.text;
  stand_in pg_catalog.text;
BEGIN
  FOR parent IN SELECT * FROM pg_catalog.jsonb_to_recordset(${literal(JSON.stringify(parents))}) AS p(parent regclass, partitions jsonb) LOOP
    copy := pg_catalog.format('%s."fdwsync copy %s"', ${literal(ident(scratch))}, parent.parent::pg_catalog.oid);
    EXECUTE pg_catalog.format('CREATE TABLE %s (LIKE %s) PARTITION BY %s', copy, parent.parent, pg_catalog.pg_get_partkeydef(parent.parent));
    FOR part IN
      SELECT NULL::int AS "at", ${literal(existing)} AS schema, c.relname::text AS name, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class c ON c.oid = inhrelid
       WHERE inhparent = parent.parent AND c.oid <> ALL (${literal(`{${detached.join(',')}}`)}::pg_catalog.oid[])
      UNION ALL SELECT "at", ${literal(ident(scratch))}, name, bound FROM pg_catalog.jsonb_to_recordset(parent.partitions) AS p("at" int, name text, bound text)
      ORDER BY "at" NULLS FIRST
    LOOP
      stand_in := pg_catalog.format('%s.%I', part.schema, part.name);
      IF pg_catalog.to_regclass(stand_in) IS NOT NULL THEN
        stand_in := pg_catalog.format('%s.%I', part.schema, pg_catalog.md5(copy || part.name || part.bound));
      END IF;
      BEGIN
        EXECUTE pg_catalog.format('CREATE TABLE %s PARTITION OF %s %s', stand_in, copy, part.bound);
      EXCEPTION WHEN invalid_object_definition THEN
        INSERT INTO ${errors} VALUES (part."at", SQLERRM, false);
        CONTINUE;
      END;
      CONTINUE WHEN part."at" IS NULL;
      FOR leaf IN ${defaultLeaves(detached)} LOOP
        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %s WHERE %s)', leaf, pg_catalog.pg_get_partition_constraintdef(stand_in::regclass)) INTO found;
        IF found THEN
          INSERT INTO ${errors} VALUES (part."at", pg_catalog.format('the default partition holds rows of its bounds: table %s', leaf), true);
        END IF;
      END LOOP;
    END LOOP;
  END LOOP;
END`
  return sql`CREATE SCHEMA ${ident(scratch)}; CREATE SCHEMA ${existing}; CREATE TABLE ${errors} ("at" int, reason text, "inDefault" bool); SET LOCAL row_security = off; DO ${literal(body)}; SELECT * FROM ${errors} ORDER BY "at"`
}
