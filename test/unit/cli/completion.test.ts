// Completion: what could be typed next, and that shells accept the scripts. Each command's help has examples that can be run.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { candidates } from '../../../src/cli/completion/candidates.ts'
import { completionScripts } from '../../../src/cli/completion/scripts.ts'
import { examplesText } from '../../../src/cli/help-examples.ts'
import { createProgram } from '../../../src/cli/program.ts'
import type { Manifest } from '../../../src/manifest/manifest.ts'

const manifest = {
  version: 1,
  name: 'm',
  servers: { source: {} },
  schemas: { shop: { materialized_views: { orders: {}, 'a b': {} } }, proxy: { foreign_tables: { orders: {} } } },
} as unknown as Manifest
const names = {
  manifest: async (files: readonly string[]) => (files.join() === 'fdwsync.yaml' ? manifest : undefined),
  schemas: async () => ['manifest', 'plan'],
}

test.each([
  [['pl'], ['plan']],
  [['--v'], ['--version']],
  [['plan', '--det'], ['--detailed-exitcode']],
  [['plan', '--format', 'm'], ['markdown']],
  [['apply', '--allow', 'drops-da'], ['drops-data']],
  [['apply', ''], [':files']],
  [['plan', '-f', ''], [':files']],
  [['refresh', 'shop.o'], ['shop.orders']],
  [
    ['refresh', 'shop.orders', ''],
    ['shop.orders', 'shop.a b'],
  ],
  [['refresh', '-f', 'other.yaml', ''], []],
  [
    ['release', ''],
    ['shop.orders', 'shop.a b', 'proxy.orders', 'server:source'],
  ],
  [['plan', '--only', 'se'], ['server:source']],
  [['help', 'rel'], ['release']],
  [['schema', 'p'], ['plan']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['nonsense', ''], []],
])('%j', async (typed, expected) => {
  const { words, files } = await candidates(createProgram(), typed, names)
  expect([...words, ...(files ? [':files'] : [])]).toEqual(expected)
})

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0

describe('the scripts', () => {
  test.each(Object.entries(completionScripts))('%s', (shell, script) => {
    if (!has(shell)) return expect(script).toContain('fdwsync complete --')
    const { status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
  test.skipIf(!has('bash'))('bash completes what the command prints', () => {
    // A name with an asterisk is no pattern for files.
    const folder = mkdtempSync(join(tmpdir(), 'fdwsync-completion-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'shop.file'), '')
    const script = `
      fdwsync() { [ "$1 $2 $3 $4" = 'complete -- refresh shop.' ] && printf 'shop.orders\\nshop.a b\\nshop.*\\n:files\\n'; }
      ${completionScripts.bash}
      COMP_WORDS=(fdwsync refresh shop.) COMP_CWORD=2
      _fdwsync
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc'], { input: script, encoding: 'utf8', cwd: folder })
    expect([stdout, stderr]).toEqual(['shop.orders\nshop.a\\ b\nshop.\\*\nshop.file\n', ''])
  })
})

describe('the examples in the help of', () => {
  const commands = createProgram().commands.filter((command) => command.name() !== 'complete')
  test.each(commands.map((command) => [command.name(), command] as const))('%s can be typed', (name, command) => {
    const lines = Array.from(examplesText(name).matchAll(/fdwsync ([^|>)\n]*)/g), ([, line = '']) => line.trim())
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      const [first, ...args] = Array.from(line.matchAll(/'[^']*'|\S+/g), ([word]) => word)
      expect(first).toBe(name)
      expect(command.parseOptions(args).unknown, line).toEqual([])
    }
  })
})
