import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, compare, measure, runScript, script } from './compare.ts'

const floorName = 'IMPORT and catalog queries'

/**
 * How long it takes to plan an import and a mirror of so many tables with nothing to change, next to the server's own IMPORT
 * FOREIGN SCHEMA of them, rolled back, and the catalog queries that it takes to compare them with what exists.
 */
export async function benchImport(bench: Bench, tables: number): Promise<void> {
  const { server, cli, folder } = bench
  // A password in the manifest itself would keep it from being proven to be in place.
  process.env.FDWSYNC_BENCH_PASSWORD = server.password
  const source = `source_${tables}`
  await runScript('create-database.js', server.url('postgres'), source)
  await runScript('create-tables.js', server.url(source), String(tables))
  for (const [name, stanza] of Object.entries(stanzas)) {
    const database = `${name}_${tables}`
    await runScript('create-database.js', server.url('postgres'), database)
    const url = server.url(database)
    const manifest = join(folder, `${database}.yaml`)
    writeFileSync(manifest, manifestOf(bench, source, stanza))
    const first = await measure(bench, {
      args: [cli, 'apply', '-f', manifest, '--database', url, '--auto-approve'],
      exit: 0,
    })
    process.stdout.write(`\n${name} of ${tables} tables (first apply: ${first.seconds.toFixed(1)} s)\n`)
    const plan = [cli, 'plan', '-f', manifest, '--database', url, '--detailed-exitcode']
    const commands = [
      { name: floorName, args: [script('import-by-hand.js'), url], exit: 0 },
      { name: `plan, nothing to change`, args: plan, exit: 0 },
    ]
    await compare(bench, commands, 5, floorName)
  }
}

const stanzas = {
  import: `schemas:
  proxy:
    imports:
      - { server: source, remote_schema: public }
`,
  mirror: `mirrors:
  all: { server: source, remote_schema: public, proxy_schema: proxy, schema: copy, indexes: { copy: true } }
`,
}

function manifestOf({ server }: Bench, source: string, stanza: string): string {
  return `version: 1
name: imports
extensions: { postgres_fdw: {} }
servers:
  source:
    options: { host: ${server.host}, port: ${server.port}, dbname: ${source} }
    user_mappings: { public: { user: ${server.user}, password: "\${env:FDWSYNC_BENCH_PASSWORD}" } }
${stanza}`
}
