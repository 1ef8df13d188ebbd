// What a refresh shows on a terminal while it runs: a line for each copy, in place, and nothing of it afterwards.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../src/demo/server/processes.ts'
import { widthOf } from '../../../src/render/text/layout.ts'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo } from '../../support/fdwsync.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { closeGate, waiting } from '../../support/gates.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'
import { hasPseudoTerminal, screenOf, startOnTerminal } from '../../support/pseudo-terminal.ts'

const manifest = shopManifest({
  a: 'SELECT 1 AS one WHERE public.gate()',
  a_view_whose_name_is_too_long_for_a_terminal_of_40_columns: 'SELECT 1 AS one WHERE public.gate()',
})

if (!hasPseudoTerminal)
  process.stdout.write('skipped: progress on a terminal (script of util-linux is not installed)\n')

describe.skipIf(!hasPseudoTerminal).each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  async function applied(): Promise<Fixture> {
    const fixture = await fixtureFor(pair, source)
    await applyTo(await fixture.manifest(manifest), fixture.url)
    return fixture
  }

  async function refreshing(fixture: Fixture, columns: number, env = {}) {
    const gate = await closeGate(fixture)
    const args = ['refresh', '--strategy', 'plain', '--jobs', '2']
    const terminal = startOnTerminal(fixture, args, manifest, { columns, env })
    await waiting(fixture, 'load')
    return { gate, terminal }
  }

  test('lines in place, on a narrow terminal too, and without colours where these are not wanted', async () => {
    const fixture = await applied()
    for (const columns of [40, 100]) {
      const { gate, terminal } = await refreshing(fixture, columns, { NO_COLOR: '1' })
      // It is drawn more than once, each time in place of the lines before.
      await until('the elapsed time to go on', () => (terminal.written().match(/local\.a: /g) ?? []).length >= 3)
      const lines = screenOf(terminal.written())
      expect(lines.filter((line) => line.includes('local.a:'))).toHaveLength(1)
      expect(lines.filter((line) => widthOf(line) >= columns)).toEqual([])
      await gate.open()
      expect(await terminal.ended).toBe(0)
      const [first = '', ...rest] = screenOf(terminal.written())
      expect(first).toMatch(/^ {2}local\.a( +plain)?/)
      expect(rest.join('\n')).not.toMatch(/local\.a:|refreshing/)
      expect(rest).toContain('Refreshed 2 views.')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
      expect(terminal.written()).not.toMatch(/\u001b\[[\d;]*m/)
    }
  })

  test('Ctrl-C leaves no line of what ran; a terminal that cannot replace lines gets those of a file', async () => {
    const fixture = await applied()
    const { gate, terminal } = await refreshing(fixture, 100)
    await until('a line', () => terminal.written().includes('local.a: '))
    terminal.type('\u0003')
    expect(await terminal.ended).toBe(5)
    const screen = screenOf(terminal.written()).join('\n')
    expect(screen).toContain('interrupted by SIGINT')
    expect(screen).not.toMatch(/local\.a: \d/)
    await gate.open()

    const dumb = await refreshing(fixture, 100, { TERM: 'dumb' })
    await until('it to be listed', () => dumb.terminal.written().includes('refreshing materialized view local.a\r\n'))
    await dumb.gate.open()
    expect(await dumb.terminal.ended).toBe(0)
    expect(dumb.terminal.written()).not.toContain('\u001b')
  })
})
