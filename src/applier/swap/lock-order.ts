import { ident, join, literal, number, qualified, type Sql, sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

/** A relation that a swap changes: one that it replaces, or a view of people that it leads to the successor. */
export interface SwappedRelation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly owner: string
}

/**
 * How long a swap lets readers queue behind it, in milliseconds, over all its locks. Below PostgreSQL's least sensible
 * deadlock_timeout, so that a deadlock with a reader ends by our giving way, not by an error of the reader's.
 */
export const swapTimeoutMilliseconds = 100

/** How often it is tried to wait for readers before all is let go for longer. */
const tries = 12

/**
 * Locks all that a swap changes, or nothing. Readers lock what a query names in the order in which it names it: in another
 * order, there is always one among many that holds what we wait for and waits for what we hold. So what could not be had
 * comes first in the next try, until the order is that of the readers. It happens in the server: a try costs no round trip and no
 * line of its log.
 * @param relations what reads comes before what it reads, which is the order of most readers
 */
export async function lockForSwap(session: Session, relations: readonly SwappedRelation[]): Promise<void> {
  const locks = relations.map((relation) => literal(lock(relation)))
  const body = sql`
DECLARE
  locks text[] := ARRAY[${join(locks, ', ')}]::text[];
  began timestamptz;
  patience float;
  place int;
BEGIN
  FOR try IN 1..${number(tries)} LOOP
    BEGIN
      began := clock_timestamp();
      patience := least(${number(swapTimeoutMilliseconds)}, 25 * try);
      place := 1;
      WHILE place <= cardinality(locks) LOOP
        -- What is left of the time that all of them have. A lock_timeout of 0 would wait for ever.
        PERFORM set_config('lock_timeout',
          greatest(1, ceil(patience - extract(epoch FROM clock_timestamp() - began) * 1000))::int::text, true);
        EXECUTE locks[place];
        place := place + 1;
      END LOOP;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      locks := locks[place] || locks[:place - 1] || locks[place + 1:];
      -- Those who queued have their turn.
      PERFORM pg_sleep(0.02 + random() * 0.02);
    END;
  END LOOP;
  RAISE lock_not_available USING MESSAGE = 'others go on using what is to be swapped';
END`
  await session.run(sql`DO ${literal(body)}`)
}

/** Changes nothing, locks nothing but the relation, and works for every kind of relation, unlike LOCK. */
function lock({ schema, name, owner }: SwappedRelation): Sql {
  return sql`ALTER TABLE ${qualified(schema, name)} OWNER TO ${ident(owner)}`
}
