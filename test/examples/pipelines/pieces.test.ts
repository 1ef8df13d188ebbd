// What the other pieces in examples/pipelines run (GitLab, pre-commit, Argo CD, Kubernetes, systemd), run as they have it.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { runSql } from '../../servers/databases.ts'
import { command } from '../../support/command.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { shopManifest } from '../../support/manifests.ts'

const pieces = resolve(import.meta.dirname, '../../../examples/pipelines')
const read = (file: string) => readFileSync(join(pieces, file), 'utf8')

const quoted = (args: readonly string[]) => args.map((arg) => `'${arg}'`).join(' ')

const gitlab = parse(read('gitlab/.gitlab-ci.yml'), { merge: true })
const scriptOf = (job: string): string => gitlab[job].script.join('\n')
const argoArgs: readonly string[] = parse(read('argocd/fdwsync-hook.yaml')).spec.template.spec.containers[0].args
const cronArgs: readonly string[] = parse(read('kubernetes/refresh-cronjob.yaml')).spec.jobTemplate.spec.template.spec
  .containers[0].args
const hook: string = parse(read('pre-commit/.pre-commit-config.yaml')).repos[0].hooks[0].entry
const [, service = ''] = /^ExecStart=(.*)$/m.exec(read('systemd/fdwsync-refresh.service')) ?? []

test.each(newestMajor())('PostgreSQL $name', async (pair) => {
  const source = await createSource(pair)
  onTestFinished(() => source.drop())
  const fixture = await fixtureFor(pair, source)
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-pieces-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'fdwsync'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`)
  chmodSync(join(bin, 'fdwsync'), 0o755)
  const manifest = shopManifest({ orders: 'SELECT id, total FROM proxy.orders' })
  const stale = manifest.replace('version: 1', 'version: 1\nrefresh: { max_age: 1h }')
  const play = (script: string, env: Readonly<Record<string, string>> = {}) =>
    spawnSync('/bin/sh', ['-euc', script.replaceAll('/manifest/', `${folder}/`)], {
      cwd: folder,
      env: { PATH: `${bin}:${process.env.PATH}`, FDWSYNC: 'fdwsync', FDWSYNC_TARGET: 'production', ...env },
      encoding: 'utf8',
    })
  const secrets = { ...fixture.env, DATABASE_URL: fixture.url }
  writeFileSync(join(folder, 'fdwsync.yaml'), manifest)

  // Neither needs secrets or a database.
  for (const script of [hook, scriptOf('validate')]) expect(play(script)).toMatchObject({ status: 0, stderr: '' })

  const planned = play(scriptOf('plan'), secrets)
  expect(planned, planned.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('### fdwsync plan') })
  expect(readFileSync(join(folder, 'plan.json'), 'utf8')).not.toContain(fixture.env.SOURCE_PASSWORD)
  const applied = play(scriptOf('apply'), secrets)
  expect(applied, applied.stderr).toMatchObject({ status: 0 })
  writeFileSync(join(folder, 'fdwsync.yaml'), manifest.replace('name: faults', 'name: another'))
  const refused = play(scriptOf('plan'), secrets)
  expect(refused).toMatchObject({ status: 4, stdout: expect.stringContaining('it belongs to the manifest "faults"') })

  writeFileSync(join(folder, 'fdwsync.yaml'), stale)
  expect(play(`fdwsync ${quoted(argoArgs)}`, secrets)).toMatchObject({ status: 0 })
  for (const [at, script] of [`fdwsync ${quoted(cronArgs)}`, service].entries()) {
    await runSql(source.url, `INSERT INTO orders VALUES (${51 + at}, 1)`)
    await fixture.sql("UPDATE fdwsync.refresh SET started_at = started_at - interval '2 hours'")
    const refreshed = play(script, secrets)
    expect(refreshed, refreshed.stderr).toMatchObject({ status: 0 })
    expect(await fixture.sql('SELECT count(*)::int AS count FROM local.orders')).toEqual([{ count: 51 + at }])
  }
})
