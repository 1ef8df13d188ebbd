// Commands that need no server, on the manifest that init writes. Needs a build.

import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { command } from '../../support/command.ts'

test('init from flags, validate with variables, graph, schema, completion', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-offline-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const run = (...args: readonly string[]) =>
    execFileSync(process.execPath, [command, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { D_PASSWORD: 'x' },
      stdio: 'pipe',
    })

  run('init', '--host', 'db', '--dbname', 'd', '--user', 'u', '--schema', 'public', '--schema', 'billing')
  const manifest = readFileSync(join(folder, 'fdwsync.yaml'), 'utf8')
  for (const part of ['host: db', 'dbname: d', 'user: u', 'remote_schema: billing']) expect(manifest).toContain(part)
  const overlay = join(folder, 'overlay.yaml')
  writeFileSync(overlay, 'version: 1\noverlay: true\nvars: { port: { type: integer, default: 1 } }\n')
  const files = ['-f', 'fdwsync.yaml', '-f', overlay]
  expect(run('validate')).toContain('valid')
  expect(run('validate', ...files, '--var', 'port=7')).toMatch(/^ {2}port: integer, 7/m)

  expect(run('graph')).toMatch(/^flowchart LR\n[\s\S]*mirror<br>d_billing/)
  expect(run('graph', '--format', 'dot')).toMatch(/^digraph /)
  expect(JSON.parse(run('schema', 'manifest'))).toMatchObject({ $id: 'manifest.schema.json' })
  expect(run('schema').split('\n')).toContain('saved-plan')
  expect(run('completion', 'bash')).toContain('complete -F _fdwsync fdwsync')
  expect(run('complete', '--', 'schema', 'man').split('\n')).toEqual(expect.arrayContaining(['manifest', 'manifests']))
})

test.skipIf(!existsSync('/dev/full'))(
  'a report that cannot be written is an error without a stack trace; messages that cannot be written change nothing (needs /dev/full)',
  () => {
    const full = openSync('/dev/full', 'w')
    const unheard = spawnSync(process.execPath, [command, 'validate', '--wrong'], { stdio: ['ignore', 'ignore', full] })
    expect(unheard.status).toBe(64)
    const { status, stderr } = spawnSync(process.execPath, [command, 'schema', 'manifest'], {
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    expect(stderr.toString()).toMatch(
      /^error: standard output cannot be written: the disk is full\n {2}What an apply .* history\n$/,
    )
    expect(status).toBe(1)
  },
)
