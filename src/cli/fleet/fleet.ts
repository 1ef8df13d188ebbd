// Runs a command on many databases: each target in a process of its own, so that none can stop another one.

import { spawn } from 'node:child_process'
import { mapConcurrently } from '../../core/concurrently.ts'
import { exitCode, FdwsyncError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { type FleetTarget, readTargets } from '../../library/fleet-targets.ts'
import type { GivenVariables } from '../../library/load-manifest.ts'
import { printMessage, printResult } from '../output.ts'
import { chooseTargets, type Shard } from './choose.ts'

export interface FleetFlags {
  /** Undefined: the command runs on one database. */
  readonly targets?: string
  readonly parallel: number
  readonly shard?: Shard
  readonly canary?: string
  readonly label: readonly string[]
  readonly format?: string
  readonly autoApprove?: boolean
  readonly var?: GivenVariables
}

export type FleetCommand = 'plan' | 'apply' | 'refresh' | 'status'

interface Ended {
  readonly target: FleetTarget
  /** Undefined if it was not run, since the canary failed. */
  readonly code: number | undefined
  readonly stdout: string
}

/** @returns the exit code of the target that fared worst */
export async function fleet(command: FleetCommand, flags: FleetFlags): Promise<number> {
  if (command === 'apply' && !flags.autoApprove)
    throw new FdwsyncError(
      {
        code: 'usage/no-terminal',
        message: 'the plans of many targets cannot be confirmed one by one',
        hint: 'Plan first, then apply with --auto-approve; --canary NAME applies to one of them before the others.',
      },
      exitCode.usage,
    )
  const targets = await readTargets(flags.targets ?? '', process.env)
  const { canary, others } = chooseTargets(targets, {
    label: flags.label,
    shard: flags.shard,
    canary: flags.canary,
  })
  const json = flags.format === 'json'
  const run = async (target: FleetTarget) => {
    const ended = await runOn(target, flags)
    if (!json) printResult(`== ${oneLine(target.name)} ==\n${ended.stdout}\n`)
    return ended
  }
  const first = canary && (await run(canary))
  const mayGoOn = first === undefined || first.code === exitCode.done || first.code === exitCode.changes
  const rest = mayGoOn
    ? await mapConcurrently(others, flags.parallel, run)
    : others.map((target): Ended => ({ target, code: undefined, stdout: '' }))
  const all = [...(first ? [first] : []), ...rest]
  const code = worstOf(all)
  if (json) printResult(`${JSON.stringify(documentOf(command, all, code), undefined, 2)}\n`)
  else printResult(summaryOf(all))
  return code
}

/** The output of a target is printed as a whole; progress and errors as they happen, with its name before each line. */
function runOn(target: FleetTarget, { var: given = {} }: FleetFlags): Promise<Ended> {
  const { DATABASE_URL: _url, PGSERVICE: _service, ...environment } = process.env
  const variables = Object.entries({ ...given, ...target.vars }).flatMap(([name, value]) => [
    '--var',
    `${name}=${value}`,
  ])
  const args = [...ownArguments(process.argv.slice(2)), ...variables]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
      env: { ...environment, ...target.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    let rest = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) printMessage(`${oneLine(target.name)}: ${line}\n`)
    })
    child.on('close', (code) => {
      if (rest !== '') printMessage(`${oneLine(target.name)}: ${rest}\n`)
      resolve({ target, code: code ?? exitCode.failed, stdout })
    })
  })
}

/** Options with a value that are about the fleet, or that each target sets itself. */
const ofFleet = ['--targets', '--parallel', '--shard', '--canary', '--label', '--database', '--var']

function ownArguments(argv: readonly string[]): readonly string[] {
  return argv.filter((argument, at) => {
    const isValue = ofFleet.includes(argv[at - 1] ?? '')
    return !isValue && !ofFleet.includes(argument.split('=')[0] ?? '')
  })
}

/** From the worst one. Any other code is worse than all of these. */
const severity: readonly (number | undefined)[] = [
  exitCode.failed,
  exitCode.stale,
  exitCode.refused,
  exitCode.dataNotLoaded,
  exitCode.undetermined,
  exitCode.changes,
  exitCode.done,
  undefined,
]

function worstOf(all: readonly Ended[]): number {
  const [worst] = all
    .map(({ code }) => code)
    .toSorted((left, right) => severity.indexOf(left) - severity.indexOf(right))
  return worst ?? exitCode.done
}

function summaryOf(all: readonly Ended[]): string {
  const texts: Readonly<Record<number, string>> = {
    [exitCode.done]: 'done',
    [exitCode.failed]: 'failed',
    [exitCode.changes]: 'with changes',
    [exitCode.stale]: 'stale',
    [exitCode.refused]: 'refused',
    [exitCode.dataNotLoaded]: 'without some of their data',
    [exitCode.undetermined]: 'undetermined',
  }
  const textOf = (code: number | undefined) => (code === undefined ? 'skipped' : (texts[code] ?? 'failed'))
  const parts = [...new Set(all.map(({ code }) => textOf(code)))].map((text) => {
    const names = all.filter(({ code }) => textOf(code) === text).map(({ target }) => oneLine(target.name))
    const shown = names.length > 10 ? `${names.slice(0, 10).join(', ')} …` : names.join(', ')
    return text === 'done' ? `${names.length} ${text}` : `${names.length} ${text} (${shown})`
  })
  return `${all.length} ${all.length === 1 ? 'target' : 'targets'}: ${parts.join(', ')}\n`
}

function documentOf(command: FleetCommand, all: readonly Ended[], code: number) {
  return {
    format: 'fdwsync.fleet/1',
    command,
    exitCode: code,
    targets: all.map(({ target: { name, labels }, code: own, stdout }) => ({
      name,
      labels,
      exitCode: own ?? null,
      document: parsed(stdout),
    })),
  }
}

/** A target whose process was killed has printed no document. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
