// Finds settings of a server that would record a secret even though no statement contains it, and turns them off for a
// transaction.

import type { Problem } from '../../core/errors.ts'
import { ident, join, literal, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../session.ts'

/** A setting or an event trigger that would record a secret. */
export interface SecretExposure {
  /** The setting, or `event trigger NAME`. */
  readonly setting: string
  readonly value: string
  /** Whether this role may turn it off. */
  readonly canTurnOff: boolean
}

/** Settings by name. A setting of a library that is not loaded is missing. */
type Values = ReadonlyMap<string, string>

/** A setting under which the server records statements that run inside a DO block, or their CONTEXT. */
interface Recorder {
  readonly setting: string
  /** The value that turns off no more than necessary. */
  readonly off: string
  records(value: string, others: Values, eventTriggers: readonly EventTrigger[]): boolean
}

const eventTriggerPrefix = 'event trigger '

const isOn = (value: string) => value === 'on'

const recorders: readonly Recorder[] = [
  {
    setting: 'pg_stat_statements.track',
    off: 'top',
    records: (value, others) => value === 'all' && others.get('pg_stat_statements.track_utility') === 'on',
  },
  // The other classes (role, misc, function, …) record the DO block, but not the statement inside.
  { setting: 'pgaudit.log', off: 'none', records: (value) => /(^|,)\s*(ddl|all)\s*(,|$)/i.test(value) },
  // These print the parse tree: since PostgreSQL 16 with the options in it, in earlier releases with the statement as CONTEXT.
  { setting: 'debug_print_parse', off: 'off', records: isOn },
  { setting: 'debug_print_raw_parse', off: 'off', records: isOn },
  { setting: 'debug_print_rewritten', off: 'off', records: isOn },
  { setting: 'log_parser_stats', off: 'off', records: isOn },
  // Every debug message, whatever its subject, has the statement as CONTEXT. So do the messages of event triggers.
  {
    setting: 'log_min_messages',
    off: 'warning',
    records: (value, _, eventTriggers) =>
      value.includes('debug') ||
      (/info|notice/.test(value) && eventTriggers.some(({ source }) => /\braise\s+(notice|info)\b/i.test(source))),
  },
  // The queries of an event trigger are not nested for auto_explain, since a DO block is not a query.
  {
    setting: 'auto_explain.log_min_duration',
    off: '-1',
    records: (value, _, eventTriggers) => value !== '-1' && eventTriggers.length > 0,
  },
]

/** Settings that the recorders above depend on. */
const relatedSettings = [
  'pg_stat_statements.track_utility',
  'auto_explain.log_min_duration',
  'log_min_messages',
  'event_triggers',
]

/**
 * What would record the secrets of a DO block. The list was found by running one under every setting that affects logging;
 * `log_statement` and `log_min_duration_statement` do not record them. Not detected: an event trigger that waits for a lock
 * under `log_lock_waits`, one in a language other than PL/pgSQL that writes to the log, and other libraries.
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

/** Turns off what this role may turn off, for the rest of the transaction. Returns what remains. */
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
  // Since PostgreSQL 15, SET on a parameter can be granted.
  const granted = session.serverVersion >= 150000 ? sql`pg_catalog.has_parameter_privilege(s.name, 'SET')` : sql`false`
  return session.query<Setting>(
    sql`SELECT s.name, s.setting AS value,
        s.context = 'user' OR (s.context = 'superuser' AND (r.rolsuper OR ${granted})) AS "canSet"
      FROM pg_catalog.pg_settings AS s JOIN pg_catalog.pg_roles AS r ON r.rolname = current_user
      WHERE s.name = ANY ($1::pg_catalog.text[])`,
    [[...recorders.map(({ setting }) => setting), ...relatedSettings]],
  )
}

interface EventTrigger {
  readonly name: string
  readonly function: string
  readonly source: string
}

/** The commands that have secrets: options of user mappings, and secret options of everything else. */
const tagsWithSecrets = ['USER MAPPING', 'SERVER', 'FOREIGN DATA WRAPPER', 'FOREIGN TABLE'].flatMap((kind) => [
  `CREATE ${kind}`,
  `ALTER ${kind}`,
])

/** Those that may fire for a command with a secret. */
async function readEventTriggers(session: Session): Promise<readonly EventTrigger[]> {
  return session.query<EventTrigger>(
    sql`SELECT e.evtname AS name, e.evtfoid::pg_catalog.regprocedure::pg_catalog.text AS function, p.prosrc AS source
      FROM pg_catalog.pg_event_trigger AS e JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
      WHERE e.evtenabled IN ('O', 'A') AND e.evtevent IN ('ddl_command_start', 'ddl_command_end')
        AND (e.evttags IS NULL OR e.evttags OPERATOR(pg_catalog.&&) $1::pg_catalog.text[])
      ORDER BY e.evtname`,
    [tagsWithSecrets],
  )
}

/** An event trigger may be an audit, so it is never turned off, even if this role could. */
function eventTriggerExposure(trigger: EventTrigger): SecretExposure {
  return {
    setting: `${eventTriggerPrefix}${trigger.name}`,
    value: `${trigger.function} writes to the log`,
    canTurnOff: false,
  }
}

/** @param secret what would be recorded: `a secret` */
export function exposureProblem(secret: string, exposing: readonly SecretExposure[]): Problem {
  const settings = exposing.map(({ setting, value }) => `${setting} = ${value}`).join(', ')
  const isAnyTrigger = exposing.some(({ setting }) => setting.startsWith(eventTriggerPrefix))
  return {
    code: 'secret/exposed',
    message: `this server records nested statements, so ${secret} would be recorded: ${settings}`,
    hint: isAnyTrigger
      ? 'Disable the event trigger meanwhile (ALTER EVENT TRIGGER … DISABLE), or pass --allow exposes-secret.'
      : 'Turn that off for this role (ALTER ROLE … SET …), apply as a superuser, or pass --allow exposes-secret.',
  }
}
