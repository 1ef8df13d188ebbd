// Takes the locks of a swap: ACCESS EXCLUSIVE on every relation that it changes, or on none.
//
// Readers are running, so the order matters. A query takes ACCESS SHARE on the relations that it names, in the order
// in which it names them, and then on the relations beneath its views. A swap with another order would at some point
// hold one relation and wait for another, while a reader holds the second and waits for the first: a deadlock.
// Therefore:
//
// 1. A view is locked before the relations that it reads, as every query over it does.
// 2. Relations that a query names side by side have no fixed order. When one cannot be locked, all locks are
//    released, and that one comes first in the next attempt. So the order becomes that of the readers.
// 3. Waiting helps with the first lock, behind which readers queue. It hardly helps with the others: while the swap waits, readers with
//    another order lock what it needs next. What helps is a moment at which few are reading, so attempts are many and short.
// 4. All locks of an attempt together wait much less than deadlock_timeout, which is one second by default. So the swap
//    gives up before the server looks for deadlocks, and no reader gets error 40P01. It also limits how long readers
//    queue behind the swap's waiting lock request.

import { ident, join, literal, number, qualified, type Sql, sql } from '../../core/sql.ts'

/** A relation that a swap changes: one that is replaced, or an unmanaged view that is repointed to the successor. */
export interface SwappedRelation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly owner: string
}

/** The longest wait for a lock in the rest of a swap. */
export const swapTimeoutMilliseconds = 100

/** How long the first attempt and the longest ones wait for all locks together. */
const [firstMilliseconds, longestMilliseconds] = [2, 50]

/** How long one statement of {@link lockForSwap} keeps trying, where another attempt follows. */
export const attemptsMilliseconds = 1000

/**
 * A statement that locks all relations in ACCESS EXCLUSIVE mode, or fails with lock_not_available and holds none of them. All
 * attempts are one DO block on the server, so that an attempt costs no round trip and writes nothing to the server's log. The
 * block of PL/pgSQL with an EXCEPTION clause is a subtransaction: when it fails, its locks are released and queued
 * readers go on.
 * @param relations each view before the relations that it reads
 * @param milliseconds how long it keeps trying
 */
export function lockForSwap(relations: readonly SwappedRelation[], milliseconds: number): Sql {
  const locks = relations.map((relation) => literal(lockStatement(relation)))
  const body = sql`
DECLARE
  locks text[] := ARRAY[${join(locks, ', ')}]::text[];
  ending timestamptz := clock_timestamp() + interval '${number(milliseconds)} ms';
  started timestamptz;
  budget float := ${number(firstMilliseconds)};
  position int;
BEGIN
  WHILE clock_timestamp() < ending LOOP
    BEGIN
      started := clock_timestamp();
      position := 1;
      WHILE position <= cardinality(locks) LOOP
        -- What is left of the budget. At least 1, because a lock_timeout of 0 waits without a limit.
        PERFORM set_config('lock_timeout',
          greatest(1, ceil(budget - extract(epoch FROM clock_timestamp() - started) * 1000))::int::text, true);
        EXECUTE locks[position];
        position := position + 1;
      END LOOP;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      locks := locks[position] || locks[:position - 1] || locks[position + 1:];
      -- Give queued readers time to run.
      PERFORM pg_sleep((1 + random()) * budget / 1000);
      budget := least(${number(longestMilliseconds)}, budget * CASE position WHEN 1 THEN 1.15 ELSE 1.02 END);
    END;
  END LOOP;
  RAISE lock_not_available USING MESSAGE = 'the relations to swap are still in use by other sessions';
END`
  return sql`DO ${literal(body)}`
}

/**
 * A statement that changes nothing and takes ACCESS EXCLUSIVE on the relation alone. LOCK TABLE would not do: it does
 * not accept materialized views, and for a view it locks the relations beneath as well. ALTER TABLE works for every
 * kind.
 */
function lockStatement({ schema, name, owner }: SwappedRelation): Sql {
  return sql`ALTER TABLE ${qualified(schema, name)} OWNER TO ${ident(owner)}`
}
