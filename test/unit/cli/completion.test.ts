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
  mirrors: { m: { schema: 'copies', proxy_schema: 'proxy', limit_to: ['Orders'] } },
  schemas: { shop: { materialized_views: { orders: {}, 'a b': {} } }, proxy: { foreign_tables: { orders: {} } } },
} as unknown as Manifest
const names = {
  manifest: async (files: readonly string[]) => (files.join() === 'fdwsync.yaml' ? manifest : undefined),
  schemas: async () => ['manifest', 'plan'],
  kinds: async () => ['foreign-table', 'server'],
}

test.each([
  [['pl'], ['plan']],
  [['--v'], ['--version']],
  [['plan', '--det'], ['--detailed-exitcode']],
  [['plan', '--format', 'm'], ['markdown']],
  [['status', '--kind', 'f'], ['foreign-table']],
  [['plan', '--format=m'], ['--format=markdown']],
  [['comp'], ['completion']],
  [['apply', '--allow', 'drops-da'], ['drops-data']],
  [['apply', ''], [':files']],
  [['plan', '-f', ''], [':files']],
  [['refresh', 'shop.o'], ['shop.orders']],
  [
    ['refresh', 'shop.orders', ''],
    ['shop.orders', 'shop."a b"', 'copies."Orders"'],
  ],
  [['refresh', '-f', 'other.yaml', ''], []],
  [
    ['release', ''],
    ['shop.orders', 'shop."a b"', 'copies."Orders"', 'proxy.orders', 'proxy."Orders"', 'server:source'],
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

/** In a folder with a file. Fish cannot read a script from the pipe that Node opens. */
function runScript(shell: string, script: string, options: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-completion-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'shop.o-file'), '')
  writeFileSync(join(folder, 'script'), script)
  return spawnSync(shell, [...options, 'script'], { encoding: 'utf8', cwd: folder })
}

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0

describe('the scripts', () => {
  test.each(Object.entries(completionScripts))('%s', (shell, script) => {
    if (!has(shell)) return expect(script).toContain('fdwsync complete --')
    const { status, stderr } = runScript(shell, script, ['-n'])
    expect([status, stderr]).toEqual([0, ''])
  })

  // A command that prints the last word that it is to complete, twice: as it is, and with what is in the way of shells.
  const echo = 'printf "%s\\n" "${@: -1}rders" "${@: -1} b*" :files'
  const ofBash = (words: string) => `
    fdwsync() { ${echo}; }
    ${completionScripts.bash}
    COMP_WORDS=(fdwsync ${words}) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _fdwsync
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const ofZsh = (words: string) => `
    compdef() { :; }
    compadd() { shift; print -rl -- "$@"; }
    _files() { print -r shop.o-file; }
    fdwsync() { ${echo}; }
    ${completionScripts.zsh}
    words=(fdwsync ${words}) CURRENT=$#words
    _fdwsync`
  const ofFish = (words: string) => `
    function fdwsync; printf '%s\\n' "$argv[-1]rders" "$argv[-1] b*" :files; end
    ${completionScripts.fish}
    complete -C 'fdwsync ${words}'`
  test.each([
    ['bash', 'refresh shop.o', ofBash, ['shop.orders', 'shop.o\\ b\\*', 'shop.o-file']],
    ['bash', 'plan --only server : o', ofBash, ['orders', 'o\\ b\\*']],
    ['bash', 'plan --only server :', ofBash, ['rders', '\\ b\\*']],
    ['bash', 'plan --format = o', ofBash, ['orders', 'o\\ b\\*']],
    ['zsh', 'refresh shop.o', ofZsh, ['shop.o-file', 'shop.orders', 'shop.o b*']],
    ['fish', 'refresh shop.o', ofFish, ['shop.o b*', 'shop.o-file', 'shop.orders']],
  ])('%s completes what the command prints for: %s', (shell, words, scriptFor, expected) => {
    const script = scriptFor(words)
    if (!has(shell)) return expect(script).toContain('_fdwsync') // all that can be checked without the shell
    const { stdout, stderr } = runScript(shell, script)
    expect([stdout.trim().split('\n').sort(), stderr]).toEqual([expected.toSorted(), ''])
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
