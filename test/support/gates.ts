// Lets a test stop an apply at a known point: a function of the target waits until the test opens its gate.

import { until } from '../../src/demo/server/processes.ts'
import type { Fixture } from './fixture.ts'

/** Closes a gate: whoever calls `public.gate(number)` waits until it is opened. */
export async function closeGate(fixture: Fixture, number = 1): Promise<{ open(): Promise<void> }> {
  const keeper = await fixture.client()
  await keeper.query('SELECT pg_advisory_lock(4711, $1)', [number])
  return {
    async open() {
      await keeper.query('SELECT pg_advisory_unlock(4711, $1)', [number])
    },
  }
}

/** Lets definitions wait at the gate after the first command of that tag, in an apply's own transaction only. */
export async function gateAtDefinitions(fixture: Fixture, tag = 'CREATE FOREIGN TABLE'): Promise<void> {
  await fixture.sql(`
    CREATE FUNCTION public.wait_at_gate() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('application_name') = 'fdwsync define' THEN PERFORM public.gate(); END IF; END $$;
    CREATE EVENT TRIGGER wait_at_gate ON ddl_command_end WHEN TAG IN ('${tag}') EXECUTE FUNCTION public.wait_at_gate()`)
}

/** Resolves with the process id of the session of that purpose once it waits for a lock. */
export function waiting(fixture: Fixture, purpose: string): Promise<number> {
  return until(`the session ${purpose} to wait for a lock`, async () => {
    const rows = await fixture.sql(`SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'fdwsync ${purpose}' AND wait_event_type = 'Lock'`)
    return rows[0] ? Number(rows[0].pid) : undefined
  })
}

/** The same, once the session has waited for longer than a batch of small copies may, and so loads a single copy. */
export function waitingAlone(fixture: Fixture, purpose: string): Promise<number> {
  return until(`the session ${purpose} to wait for a lock by itself`, async () => {
    const rows = await fixture.sql(`SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid)
      WHERE datname = current_database() AND application_name = 'fdwsync ${purpose}'
        AND NOT granted AND waitstart < clock_timestamp() - interval '300 ms'`)
    return rows[0] ? Number(rows[0].pid) : undefined
  })
}
