// Reads how much data relations have, which their successors have to load.

import type { Predecessor } from '../core/plan.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'

type Size = Pick<Predecessor, 'rows' | 'bytes'>

const sizesQuery = trusted(`
  SELECT oid, CASE WHEN reltuples >= 0 AND relpages > 0 THEN reltuples::float8 END AS rows,
         relpages * current_setting('block_size')::float8 AS bytes
    FROM pg_class WHERE oid = ANY ($1::oid[])`)

/** By OID. Call it under the reading path. */
export async function readSizes(session: Session, oids: readonly number[]): Promise<ReadonlyMap<number, Size>> {
  const rows = await session.query<Size & { oid: number }>(sizesQuery, [oids])
  return new Map(rows.map(({ oid, ...size }) => [oid, size]))
}
