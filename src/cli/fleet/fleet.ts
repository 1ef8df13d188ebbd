// Runs a command on many databases: each target in a process of its own, so that none can stop another one.

import { mapConcurrently } from '../../core/concurrently.ts'
import { exitCode, FdwsyncError, usageError } from '../../core/errors.ts'
import { oneLine } from '../../core/printable.ts'
import { type FleetTarget, readTargets } from '../../library/fleet-targets.ts'
import type { GivenVariables } from '../../library/load-manifest.ts'
import { printResult } from '../output.ts'
import { chooseTargets, type Shard } from './choose.ts'
import { passOnSignals } from './signals.ts'
import { runProcess } from './target-process.ts'

export interface FleetFlags {
  /** Undefined: the command runs on one database. */
  readonly targets?: string
  /** Default: 4 */
  readonly parallel?: number
  readonly shard?: Shard
  readonly canary?: string
  readonly label: readonly string[]
  readonly format?: string
  readonly autoApprove?: boolean
  readonly var?: GivenVariables
  readonly file?: readonly string[]
  readonly database?: string
  readonly out?: string
  readonly events?: string
  /** The saved plan of `apply FILE`. */
  readonly planFile?: string
}

export type FleetCommand = 'plan' | 'apply' | 'refresh' | 'status'

interface Ended {
  readonly target: FleetTarget
  /** Undefined if the command was not run, because the canary failed or a signal arrived. */
  readonly code: number | undefined
  readonly stdout: string
}

/** @returns the exit code of the target that fared worst */
export async function fleet(command: FleetCommand, flags: FleetFlags): Promise<number> {
  refuseOptionsOfOneDatabase(flags)
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
  const running = passOnSignals()
  const run = async (target: FleetTarget): Promise<Ended> => {
    if (running.isInterrupted()) return { target, code: undefined, stdout: '' }
    const args = [...ownArguments(process.argv.slice(2)), ...variablesFor(target, flags.var)]
    const { code, stdout } = await runProcess(target, args, running)
    if (!json && stdout !== '') printResult(`== ${oneLine(target.name)} ==\n${stdout}\n`)
    return { target, code, stdout }
  }
  const first = canary && (await run(canary))
  const mayGoOn = first === undefined || first.code === exitCode.done || first.code === exitCode.changes
  const rest = mayGoOn
    ? await mapConcurrently(others, flags.parallel ?? 4, run)
    : others.map((target): Ended => ({ target, code: undefined, stdout: '' }))
  const all = [...(first ? [first] : []), ...rest]
  const code = worstOf(all)
  if (json) printResult(`${JSON.stringify(documentOf(command, all, code), undefined, 2)}\n`)
  else printResult(summaryOf(all))
  return code
}

/** These options name one database, or a file that every process would write. */
function refuseOptionsOfOneDatabase({ database, out, events, file = [], planFile }: FleetFlags): void {
  if (planFile !== undefined) throw usageError('a saved plan is of one database', 'Apply it without --targets.')
  const refused = [
    [database !== undefined, '--database'],
    [out !== undefined, '--out'],
    [events !== undefined, '--events', 'With --log json, standard error has the events of each database.'],
    [file.includes('-'), '-f -', 'Each database has a process of its own, which reads the manifest from a file.'],
  ] as const
  const found = refused.find(([isGiven]) => isGiven)
  if (found) throw usageError(`option '${found[1]}' cannot be used with option '--targets'`, found[2])
}

/** `--var NAME=VALUE` for each variable: of the command, unless the target has its own. */
function variablesFor({ vars }: FleetTarget, given: GivenVariables = {}): readonly string[] {
  return Object.entries({ ...given, ...vars }).flatMap(([name, value]) => ['--var', `${name}=${value}`])
}

/** Options with a value that only the fleet needs, or that each target sets for itself. */
const ofFleet = ['--targets', '--parallel', '--shard', '--canary', '--label', '--database', '--var']

function ownArguments(argv: readonly string[]): readonly string[] {
  return argv.filter((argument, at) => {
    const isValue = ofFleet.includes(argv[at - 1] ?? '')
    return !isValue && !ofFleet.includes(argument.split('=')[0] ?? '')
  })
}

/** The worst first. Any other code is worse than all of these. */
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
  const count = `${all.length} ${all.length === 1 ? 'target' : 'targets'}`
  return all.length === 0 ? `${count} in this shard\n` : `${count}: ${parts.join(', ')}\n`
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
