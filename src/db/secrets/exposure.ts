import { ident, join, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../session.ts'

/** Something of the server that would record a secret although no statement that is sent has it. */
export interface SecretExposure {
  /** The setting, or `event trigger NAME`. */
  readonly setting: string
  readonly value: string
  /** Whether {@link turnOffExposure} can do something about it, as this role. */
  readonly canTurnOff: boolean
}

/** Values of settings; there is none for a setting of a library that is not loaded. */
type Values = ReadonlyMap<string, string>

/** A setting under which the server records statements that run inside a DO block, or their CONTEXT. */
interface Recorder {
  readonly setting: string
  /** Turns off no more than has to be. */
  readonly off: string
  records(value: string, others: Values, eventTriggers: readonly EventTrigger[]): boolean
}

const isOn = (value: string) => value === 'on'

const recorders: readonly Recorder[] = [
  {
    setting: 'pg_stat_statements.track',
    off: 'top',
    records: (value, others) => value === 'all' && others.get('pg_stat_statements.track_utility') === 'on',
  },
  // Its other classes (role, misc, function, …) record the DO block, but nothing inside.
  { setting: 'pgaudit.log', off: 'none', records: (value) => /(^|,)\s*(ddl|all)\s*(,|$)/i.test(value) },
  // These print the parse tree: since PostgreSQL 16 with the options in it, before with the statement as CONTEXT.
  { setting: 'debug_print_parse', off: 'off', records: isOn },
  { setting: 'debug_print_raw_parse', off: 'off', records: isOn },
  { setting: 'debug_print_rewritten', off: 'off', records: isOn },
  { setting: 'log_parser_stats', off: 'off', records: isOn },
  // The server's own debugging messages come with their CONTEXT, whatever they are about: a library that is looked for.
  // So do the messages of an event trigger.
  {
    setting: 'log_min_messages',
    off: 'warning',
    records: (value, _, eventTriggers) =>
      value.includes('debug') ||
      (/info|notice/.test(value) && eventTriggers.some(({ source }) => /\braise\s+(notice|info)\b/i.test(source))),
  },
  // And the plans of an event trigger's queries, which are not nested to auto_explain: a DO block is no query.
  {
    setting: 'auto_explain.log_min_duration',
    off: '-1',
    records: (value, _, eventTriggers) => value !== '-1' && eventTriggers.length > 0,
  },
]

const helpers = [
  'pg_stat_statements.track_utility',
  'auto_explain.log_min_duration',
  'log_min_messages',
  'event_triggers',
]

/**
 * What would record the secrets of a DO block all the same. Found by running one under every setting that makes a
 * server talk; `log_statement` and `log_min_duration_statement` do not record them. Not seen here: an event trigger that waits for a lock under `log_lock_waits`, one in another language
 * than PL/pgSQL that writes to the log, and libraries other than those named here.
 */
export async function secretExposure(session: Session): Promise<readonly SecretExposure[]> {
  const settings = await readSettings(session)
  const values: Values = new Map(settings.map(({ name, value }) => [name, value]))
  const eventTriggers = values.get('event_triggers') === 'off' ? [] : await readEventTriggers(session)
  const exposed = recorders.flatMap((recorder) => {
    const found = settings.find(({ name }) => name === recorder.setting)
    if (!found || !recorder.records(found.value, values, eventTriggers)) return []
    return [{ setting: found.name, value: found.value, canTurnOff: found.canSet }]
  })
  const logging = eventTriggers.filter(({ source }) => /\braise\s+(warning|log)\b/i.test(source))
  return [...exposed, ...logging.map(eventTriggerExposure)]
}

/** Turns off, for the rest of the transaction, what this role can turn off. Returns what it cannot. */
export async function turnOffExposure(session: Session): Promise<readonly SecretExposure[]> {
  const exposures = await secretExposure(session)
  const statements = recorders
    .filter(({ setting }) => exposures.some((exposure) => exposure.setting === setting && exposure.canTurnOff))
    .map(({ setting, off }) => sql`SET LOCAL ${settingName(setting)} = ${literal(off)}`)
  if (statements.length > 0) await session.run(join(statements, sql`; `))
  return exposures.filter(({ canTurnOff }) => !canTurnOff)
}

function settingName(setting: string): Sql {
  return join(setting.split('.').map(ident), trusted('.'))
}

interface Setting {
  readonly name: string
  readonly value: string
  readonly canSet: boolean
}

async function readSettings(session: Session): Promise<readonly Setting[]> {
  // SET on a parameter can be granted since PostgreSQL 15.
  const granted = session.serverVersion >= 150000 ? sql`pg_catalog.has_parameter_privilege(s.name, 'SET')` : sql`false`
  return session.query<Setting>(
    sql`SELECT s.name, s.setting AS value,
        s.context = 'user' OR (s.context = 'superuser' AND (r.rolsuper OR ${granted})) AS "canSet"
      FROM pg_catalog.pg_settings AS s JOIN pg_catalog.pg_roles AS r ON r.rolname = current_user
      WHERE s.name = ANY ($1::pg_catalog.text[])`,
    [[...recorders.map(({ setting }) => setting), ...helpers]],
  )
}

interface EventTrigger {
  readonly name: string
  readonly function: string
  readonly source: string
}

async function readEventTriggers(session: Session): Promise<readonly EventTrigger[]> {
  return session.query<EventTrigger>(
    sql`SELECT e.evtname AS name, e.evtfoid::pg_catalog.regprocedure::pg_catalog.text AS function, p.prosrc AS source
      FROM pg_catalog.pg_event_trigger AS e JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
      WHERE e.evtenabled IN ('O', 'A') AND e.evtevent IN ('ddl_command_start', 'ddl_command_end')
      ORDER BY e.evtname`,
  )
}

/** It is somebody's audit, perhaps: not ours to turn off, even where we could. */
function eventTriggerExposure(trigger: EventTrigger): SecretExposure {
  return { setting: `event trigger ${trigger.name}`, value: `${trigger.function} writes to the log`, canTurnOff: false }
}
