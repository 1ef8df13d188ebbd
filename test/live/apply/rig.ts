import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import type { ApplyEvent } from '../../../src/core/event.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { Report } from '../../../src/core/report.ts'
import { until } from '../../../src/demo/server/processes.ts'
import type { ParsedManifest } from '../../../src/manifest/manifest.ts'
import { connect, createDatabase, runSql, type ServerPair, type TestDatabase, urlOf } from '../../servers/databases.ts'
import { type Environment, manifestOf } from '../../support/fdwsync.ts'

export { runSql, until }

/** A target of one test, and the source that the tests of a file share. */
export interface Rig {
  readonly pair: ServerPair
  readonly source: TestDatabase
  readonly target: TestDatabase
  readonly url: string
  readonly env: Environment
  /** Runs SQL on the target as its superuser and returns the rows of the last statement. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  /** A client of the target, closed when the test is over. */
  client(): Promise<pg.Client>
  /** Makes a role for this test, with a password. It is dropped with the target. */
  role(attributes?: string): Promise<{ readonly user: string; readonly password: string; readonly url: string }>
  manifest(text: string, env?: Environment): Promise<ParsedManifest>
}

/** What all tests begin with: a source of 50 orders, and on the target the extension and a gate to wait at. */
const targetSql = `
  CREATE EXTENSION postgres_fdw;
  CREATE FUNCTION public.gate(number int DEFAULT 1) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711, number); RETURN true; END $$`

const sourceSql = `
  CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2) NOT NULL, note text);
  INSERT INTO orders SELECT i, i * 1.5, 'order ' || i FROM generate_series(1, 50) i;
  CREATE TABLE customers (id bigint PRIMARY KEY, name text);
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(1, 10) i`

export async function createSource(pair: ServerPair): Promise<TestDatabase> {
  const source = await createDatabase(pair.source)
  await runSql(source.url, sourceSql)
  return source
}

export async function rigFor(pair: ServerPair, source: TestDatabase): Promise<Rig> {
  const target = await createDatabase(pair.target)
  const roles: string[] = []
  onTestFinished(async () => {
    await target.drop()
    for (const name of roles) await runSql(pair.target.url, `DROP ROLE IF EXISTS ${name}`)
  })
  await runSql(target.url, targetSql)
  const env: Environment = {
    SOURCE_HOST: pair.source.foreignHost,
    SOURCE_PORT: String(pair.source.foreignPort),
    SOURCE_DATABASE: source.name,
    SOURCE_USER: pair.source.user,
    SOURCE_PASSWORD: pair.source.password,
  }
  return {
    pair,
    source,
    target,
    env,
    url: target.url,
    sql: (text) => runSql(target.url, text),
    client: () => clientOf(target.url),
    manifest: (text, more) => manifestOf(text, { ...env, ...more }),
    async role(attributes = '') {
      const user = `role_${randomBytes(5).toString('hex')}`
      const password = randomBytes(8).toString('hex')
      roles.push(user)
      await runSql(target.url, `CREATE ROLE ${user} LOGIN PASSWORD '${password}' ${attributes}`)
      return { user, password, url: urlOf(pair.target, target.name, { user, password }) }
    },
  }
}

export async function clientOf(url: string): Promise<pg.Client> {
  const client = await connect(url)
  onTestFinished(async () => {
    await client.end().catch(() => {})
  })
  return client
}

/** A gate that is closed: who calls `public.gate(number)` waits until it is opened. */
export async function closeGate(rig: Rig, number = 1): Promise<{ open(): Promise<void> }> {
  const keeper = await rig.client()
  await keeper.query('SELECT pg_advisory_lock(4711, $1)', [number])
  return {
    async open() {
      await keeper.query('SELECT pg_advisory_unlock(4711, $1)', [number])
    },
  }
}

/** Makes definitions wait at the gate after the first command of that tag, in an apply's own transaction only. */
export async function gateAtDefinitions(rig: Rig, tag = 'CREATE FOREIGN TABLE'): Promise<void> {
  await rig.sql(`
    CREATE FUNCTION public.wait_at_gate() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_setting('application_name') = 'fdwsync define' THEN PERFORM public.gate(); END IF; END $$;
    CREATE EVENT TRIGGER wait_at_gate ON ddl_command_end WHEN TAG IN ('${tag}') EXECUTE FUNCTION public.wait_at_gate()`)
}

/** The process of the session of that purpose that waits for a lock. */
export function waiting(rig: Rig, purpose: string): Promise<number> {
  return until(
    `the session ${purpose} to wait for a lock`,
    async () => {
      const rows = await rig.sql(`SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'fdwsync ${purpose}' AND wait_event_type = 'Lock'`)
      return rows[0] ? Number(rows[0].pid) : undefined
    },
    60_000,
  )
}

/** Everything of the target that an apply could have touched, as text: equal means untouched. */
export async function snapshot(rig: Rig): Promise<unknown> {
  return rig.sql(`
    SELECT 'relation ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || c.oid || ' ' || c.relfilenode AS what
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind <> 't'
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'server ' || srvname || ' ' || coalesce(srvoptions::text, '') FROM pg_foreign_server
    UNION ALL SELECT 'mapping ' || srvname || ' ' || usename || ' ' || coalesce(umoptions::text, '') FROM pg_user_mappings
    UNION ALL SELECT 'comment ' || description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid > 16383
    ORDER BY what`)
}

/** `create server shop`, in the order of the plan. */
export function changesOf(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title }) => `${change.op} ${title}`)
}

export function missedOf(report: Report | undefined): readonly string[] {
  return (report?.steps ?? []).flatMap(({ title, action, outcome }) =>
    outcome.status === 'applied' ? [] : [`${outcome.status} ${action} ${title}: ${outcome.reason}`],
  )
}

export function eventLog(): { readonly events: ApplyEvent[]; emit(event: ApplyEvent): void } {
  const events: ApplyEvent[] = []
  return { events, emit: (event) => void events.push(event) }
}

/** The built command. */
export const command = fileURLToPath(new URL('../../../dist/fdwsync.js', import.meta.url))

export interface Run {
  readonly child: ChildProcess
  /** Resolves at its end. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: string | null
    stdout: string
    stderr: string
  }>
}

/** Starts the built command with a manifest on its standard input, or without one. */
export function start(
  rig: Pick<Rig, 'url' | 'env'>,
  args: readonly string[],
  manifest: string | undefined,
  env: Environment = {},
): Run {
  const own = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL|NO_COLOR|FORCE_COLOR)/.test(name))
  const file = manifest === undefined ? [] : ['-f', '-']
  const child = spawn(process.execPath, [command, ...args, ...file], {
    env: { ...Object.fromEntries(own), DATABASE_URL: rig.url, ...rig.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += String(text)
  })
  child.stderr.on('data', (text) => {
    stderr += String(text)
  })
  child.stdin.end(manifest ?? '')
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { child, ended }
}

export function run(
  rig: Pick<Rig, 'url' | 'env'>,
  args: readonly string[],
  manifest: string | undefined,
  env: Environment = {},
): Run['ended'] {
  return start(rig, args, manifest, env).ended
}

/** A server with a mapping for everybody, and what else belongs at the top of a manifest. */
export const head = (name = 'faults') => `
version: 1
name: ${name}
servers:
  shop:
    options: { host: "\${env:SOURCE_HOST}", port: "\${env:SOURCE_PORT}", dbname: "\${env:SOURCE_DATABASE}" }
    user_mappings:
      public: { user: "\${env:SOURCE_USER}", password: "\${env:SOURCE_PASSWORD}" }
`

/** The tables of the source, and views over them: `views` gives each its query. */
export function shopManifest(views: Readonly<Record<string, string>>, name = 'faults'): string {
  const lines = Object.entries(views).map(([view, query]) => `      ${view}: { query: "${query}" }`)
  return `${head(name)}
schemas:
  proxy:
    foreign_tables:
      orders:
        server: shop
        options: { schema_name: public }
        columns: { id: bigint, total: "numeric(10,2)", note: text }
      customers:
        server: shop
        options: { schema_name: public }
        columns: { id: bigint, name: text }
  local:
    materialized_views:
${lines.join('\n')}
`
}
