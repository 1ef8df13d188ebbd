// Finds settings of a server that would record a secret even though no statement contains it, and turns them off for a
// transaction.

import type { Problem } from '../../core/errors.ts'
import { ident, join, literal, type Sql, type Statement, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../session.ts'

/** What would record a secret. */
export type SecretExposure = ExposingSetting | ExposingTrigger

interface ExposingSetting {
  readonly by: 'setting'
  readonly name: string
  readonly value: string
  /** Whether this role may turn it off. */
  readonly canTurnOff: boolean
}

/** An event trigger that writes to the log. It may be an audit, so it is never turned off, even if this role could. */
interface ExposingTrigger {
  readonly by: 'event trigger'
  readonly name: string
  /** The function that it calls. */
  readonly function: string
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
 * What would record the secrets of these statements, each of which runs in a DO block. The list was found by running one under every
 * setting that affects logging; `log_statement` and `log_min_duration_statement` do not record them. Not detected: an event trigger
 * that waits for a lock under `log_lock_waits`, one that writes to the log by a function that it calls or in a language other than
 * PL/pgSQL, and other libraries.
 */
export async function secretExposure(
  session: Session,
  statements: readonly Statement[],
): Promise<readonly SecretExposure[]> {
  const tags = tagsWithSecrets(statements)
  if (tags.length === 0) return []
  const settings = await readSettings(session)
  const values: Values = new Map(settings.map(({ name, value }) => [name, value]))
  const eventTriggers = values.get('event_triggers') === 'off' ? [] : await readEventTriggers(session, tags)
  const exposing = recorders.flatMap((recorder): readonly ExposingSetting[] => {
    const found = settings.find(({ name }) => name === recorder.setting)
    if (!found || !recorder.records(found.value, values, eventTriggers)) return []
    return [{ by: 'setting', name: found.name, value: found.value, canTurnOff: found.canSet }]
  })
  const logging = eventTriggers.filter(({ source }) => /\braise\s+(warning|log)\b/i.test(source))
  return [...exposing, ...logging.map(({ name, function: f }) => ({ by: 'event trigger', name, function: f }) as const)]
}

/**
 * Turns off what this role may turn off of all that would record the secrets of these statements, for the rest of the transaction.
 * Returns what remains.
 */
export async function turnOffExposure(
  session: Session,
  statements: readonly Statement[],
): Promise<readonly SecretExposure[]> {
  const exposing = await secretExposure(session, statements)
  const off = recorders
    .filter(({ setting }) => exposing.some((each) => each.name === setting && mayBeTurnedOff(each)))
    .map(({ setting, off }) => sql`SET LOCAL ${settingName(setting)} = ${literal(off)}`)
  if (off.length > 0) await session.run(join(off, sql`; `))
  return exposing.filter((each) => !mayBeTurnedOff(each))
}

function mayBeTurnedOff(exposure: SecretExposure): boolean {
  return exposure.by === 'setting' && exposure.canTurnOff
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

/** The commands whose options can be secrets. */
const command = /^(?:CREATE|ALTER) (?:USER MAPPING|SERVER|FOREIGN DATA WRAPPER|FOREIGN TABLE)\b/

/** The command tags of the statements that have secrets. */
function tagsWithSecrets(statements: readonly Statement[]): readonly string[] {
  const withSecrets = statements.filter(({ secrets }) => secrets.length > 0)
  return [...new Set(withSecrets.map(tagOf))]
}

function tagOf(statement: Statement): string {
  const [tag] = command.exec(statement.sql) ?? []
  // A bug of the caller, so not an error for the user.
  if (tag === undefined) throw new Error('a secret in a command that has none')
  return tag
}

/** Those that may fire for one of the commands. */
async function readEventTriggers(session: Session, tags: readonly string[]): Promise<readonly EventTrigger[]> {
  return session.query<EventTrigger>(
    sql`SELECT e.evtname AS name, e.evtfoid::pg_catalog.regprocedure::pg_catalog.text AS function, p.prosrc AS source
      FROM pg_catalog.pg_event_trigger AS e JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
      WHERE e.evtenabled IN ('O', 'A') AND e.evtevent IN ('ddl_command_start', 'ddl_command_end')
        AND (e.evttags IS NULL OR e.evttags OPERATOR(pg_catalog.&&) $1::pg_catalog.text[])
      ORDER BY e.evtname`,
    [tags],
  )
}

export function exposureProblem(exposing: readonly SecretExposure[]): Problem {
  return {
    code: 'secret/exposed',
    message: describeExposure(exposing),
    hint: `${waysOut(exposing)} Or pass --allow exposes-secret.`,
  }
}

export function describeExposure(exposing: readonly SecretExposure[]): string {
  return `this server records nested statements, so a secret would be recorded: ${exposing.map(describe).join(', ')}`
}

/** What ends the exposure. */
export function waysOut(exposing: readonly SecretExposure[]): string {
  return [...settingWays(exposing), ...triggerWays(exposing)].join(' ')
}

function describe(exposure: SecretExposure): string {
  switch (exposure.by) {
    case 'setting':
      return `${exposure.name} = ${exposure.value}`
    case 'event trigger':
      return `event trigger ${exposure.name}, whose function ${exposure.function} writes to the log`
  }
}

function settingWays(exposing: readonly SecretExposure[]): readonly string[] {
  const names = exposing.flatMap(({ by, name }) => (by === 'setting' ? [name] : []))
  if (names.length === 0) return []
  return [`Turn ${names.join(', ')} off for this role (ALTER ROLE … SET …), or apply as a superuser.`]
}

function triggerWays(exposing: readonly SecretExposure[]): readonly string[] {
  const statements = exposing.flatMap(({ by, name }) =>
    by === 'event trigger' ? [`ALTER EVENT TRIGGER ${ident(name)} DISABLE`] : [],
  )
  return statements.length === 0 ? [] : [`Disable what writes to the log meanwhile: ${statements.join('; ')}.`]
}
