// Plans, reports, events and databases in a form that tests compare.

import type { ApplyEvent } from '../../src/core/event.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Report } from '../../src/core/report.ts'
import type { Fixture } from './fixture.ts'

/** `create server shop`, in the order of the plan. */
export function changesOf(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title }) => `${change.op} ${title}`)
}

/** The steps that were not applied, with the reason. */
export function missedOf(report: Report | undefined): readonly string[] {
  return (report?.steps ?? []).flatMap(({ title, action, outcome }) =>
    outcome.status === 'applied' ? [] : [`${outcome.status} ${action} ${title}: ${outcome.reason}`],
  )
}

/** Collects the events of an apply: spread it into the options. */
export function eventLog(): { readonly events: ApplyEvent[]; emit(event: ApplyEvent): void } {
  const events: ApplyEvent[] = []
  return { events, emit: (event) => void events.push(event) }
}

/** Everything in the target that an apply could have touched, as text: equal means untouched. */
export async function snapshot(fixture: Fixture): Promise<unknown> {
  return fixture.sql(`
    SELECT 'relation ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || c.oid || ' ' || c.relfilenode AS what
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind <> 't'
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'server ' || srvname || ' ' || coalesce(srvoptions::text, '') FROM pg_foreign_server
    UNION ALL SELECT 'mapping ' || srvname || ' ' || usename || ' ' || coalesce(umoptions::text, '') FROM pg_user_mappings
    UNION ALL SELECT 'comment ' || description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid > 16383
    ORDER BY what`)
}

/** The problems of an error, each with its line. */
export function problemsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error) || !('problems' in error) || !Array.isArray(error.problems)) throw error
  return error.problems.map(({ message, place }) => `${place ? `${place.line}: ` : ''}${message}`)
}
