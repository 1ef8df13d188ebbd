// A fleet of 200 databases: each is done, a target that fails stops none of the others, shards share them out.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { runBuilt as run } from '../support/command.ts'
import { createSource, fixtureFor } from '../support/fixture.ts'
import { newestMajor } from '../support/majors.ts'
import { head } from '../support/manifests.ts'

const count = 200
const manifest = `${head('fleet')}
extensions: { postgres_fdw: {} }
vars: { tenant: { type: integer } }
schemas:
  local: { comment: "of tenant \${var:tenant}" }
`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-fleet-'))
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await source.drop()
  })

  test('apply by two shards, then plan', { timeout: 0 }, async () => {
    const fixture = await fixtureFor(pair, source)
    const names = Array.from({ length: count }, (_, at) => `fleet_${at}`)
    for (const name of names) await fixture.sql(`CREATE DATABASE ${name}`)
    try {
      const urlOf = (name: string) => Object.assign(new URL(fixture.url), { pathname: `/${name}` }).href
      const targets = names.map((name, at) => `  ${name}: { database: "${urlOf(name)}", vars: { tenant: ${at} } }\n`)
      const [file, fleetFile] = [join(folder, 'fdwsync.yaml'), join(folder, 'targets.yaml')]
      writeFileSync(file, manifest)
      writeFileSync(fleetFile, `targets:\n  missing: "${urlOf('fleet_missing')}"\n${targets.join('')}`)
      const fleet = (command: string, ...args: readonly string[]) =>
        run(fixture, [command, '-f', file, '--targets', fleetFile, '--parallel', '4', ...args], undefined)

      // Two machines, each with its part.
      const shards = [
        await fleet('apply', '--auto-approve', '--shard', '0/2'),
        await fleet('apply', '--auto-approve', '--shard', '1/2'),
      ]
      const done = shards.map(({ stdout }) => Number(/^\d+ targets: (\d+) done/m.exec(stdout)?.[1]))
      expect(
        done.reduce((sum, each) => sum + each),
        shards[0]?.stderr,
      ).toBe(count)
      expect(shards.map(({ code }) => code).sort()).toEqual([0, 1])

      // One of eight machines finds nothing left to do.
      const planned = await fleet('plan', '--detailed-exitcode', '--shard', '0/8')
      expect(planned).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('26 targets: 25 done, 1 failed (missing)'),
      })
      expect(planned.stdout.match(/Nothing to change/g)).toHaveLength(25)
    } finally {
      for (const name of names) await fixture.sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    }
  })
})
