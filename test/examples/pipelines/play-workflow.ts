// Plays the shell steps of a GitHub workflow in their order, as the runner would: outputs, conditions, and a failed step.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

interface Step {
  readonly name?: string
  readonly id?: string
  readonly if?: string
  readonly run?: string
  readonly uses?: string
  readonly env?: Readonly<Record<string, string>>
}

interface Job {
  readonly env?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

export interface Played {
  readonly ok: boolean
  /** Of the steps that ran: name and exit code. */
  readonly steps: readonly (readonly [name: string, code: number])[]
  readonly output: string
}

/** What a workflow takes from its surroundings. */
export interface Surroundings {
  readonly folder: string
  /** The variables of the runner. */
  readonly env: Readonly<Record<string, string>>
  /** The values of `${{ … }}`, those of outputs excepted. One that is missing is an error. */
  readonly expressions: Readonly<Record<string, string>>
  /** What an action does. */
  readonly uses: (action: string) => void
}

export async function playJob(workflow: string, name: string, surroundings: Surroundings): Promise<Played> {
  const {
    env = {},
    jobs,
    defaults,
  } = parse(readFileSync(workflow, 'utf8')) as {
    readonly defaults?: { readonly run?: { readonly shell?: string } }
    readonly env?: Readonly<Record<string, string>>
    readonly jobs: Readonly<Record<string, Job>>
  }
  const job = jobs[name]
  // Without `shell: bash` the runner does not set pipefail.
  const options = defaults?.run?.shell === 'bash' ? '-eo pipefail' : '-e'
  if (!job) throw new Error(`${workflow} has no job ${name}`)
  const outputs: Record<string, string> = {}
  const evaluate = (text: string) =>
    text.replace(/\$\{\{ *(.*?) *\}\}/g, (_whole, expression: string) => {
      const value = outputs[expression] ?? surroundings.expressions[expression]
      if (value === undefined) throw new Error(`no value for \${{ ${expression} }}`)
      return value
    })
  const resolved = (variables: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, evaluate(String(value))]))
  let ok = true
  let output = ''
  const steps: (readonly [string, number])[] = []
  for (const step of job.steps) {
    if (ok === (step.if?.startsWith('failure()') ?? false)) continue
    if (step.uses !== undefined) surroundings.uses(step.uses)
    if (step.run === undefined) continue
    const variables = {
      ...surroundings.env,
      ...resolved({ ...job.env, ...step.env }),
      FDWSYNC: surroundings.env.FDWSYNC ?? env.FDWSYNC ?? '',
    }
    const ended = await runShell(`set ${options}\n${step.run}`, surroundings.folder, variables)
    output += ended.output
    steps.push([step.name ?? '', ended.code])
    for (const [, key = '', value = ''] of ended.outputs.matchAll(/^(\w+)=(.*)$/gm)) {
      outputs[`steps.${step.id}.outputs.${key}`] = value
    }
    ok &&= ended.code === 0
  }
  return { ok, steps, output }
}

async function runShell(script: string, folder: string, env: Readonly<Record<string, string>>) {
  const outputs = join(folder, '.outputs')
  writeFileSync(outputs, '')
  const own = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    GITHUB_OUTPUT: outputs,
    GITHUB_STEP_SUMMARY: join(folder, '.summary'),
  }
  const child = spawn('bash', ['--noprofile', '--norc', '-c', script], { cwd: folder, env: { ...own, ...env } })
  let output = ''
  child.stdout.on('data', (text) => {
    output += String(text)
  })
  child.stderr.on('data', (text) => {
    output += String(text)
  })
  const [code] = await once(child, 'close')
  const written = readFileSync(outputs, 'utf8')
  rmSync(outputs)
  return { code: Number(code), output, outputs: written }
}
