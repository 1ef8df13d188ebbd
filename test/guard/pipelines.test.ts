// The rules for examples/pipelines: the commands and options exist, containers have no rights, and units are valid for systemd.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { createProgram } from '../../src/cli/program.ts'

const folder = resolve(import.meta.dirname, '../../examples/pipelines')
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8')
const program = createProgram()
const commands = new Map(program.commands.map((command) => [command.name(), command]))

interface Container {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly securityContext?: object
}
interface PodSpec {
  readonly containers: readonly Container[]
  readonly securityContext?: object
  readonly automountServiceAccountToken?: boolean
}

/** Of a Job or a CronJob. */
function podOf(document: unknown): PodSpec | undefined {
  const { kind, spec } = document as { kind?: string; spec?: { jobTemplate?: { spec: unknown }; template?: unknown } }
  const job = kind === 'CronJob' ? spec?.jobTemplate?.spec : kind === 'Job' ? spec : undefined
  return (job as { template?: { spec: PodSpec } } | undefined)?.template?.spec
}

const pods = files.flatMap((file) =>
  /\.ya?ml$/.test(file)
    ? parseAllDocuments(textOf(file)).flatMap((document) => {
        const pod = podOf(document.toJS())
        return pod ? [{ file, pod }] : []
      })
    : [],
)

/** Whatever is typed after `fdwsync` in a script, and the arguments of containers. */
function linesIn(file: string): readonly (readonly string[])[] {
  const typed = Array.from(
    textOf(file).matchAll(/(?:\$FDWSYNC|(?<![\w/@.-])fdwsync) ((?:[a-z]+)(?: [^\n|>&;`)]*)?)/g),
    ([, line = '']) => line.trim().split(/\s+/),
  )
  const args = pods.filter((each) => each.file === file).flatMap(({ pod }) => pod.containers)
  return [...typed, ...args.flatMap((container) => (container.command ? [] : [container.args ?? []]))]
}

describe.each(files)('%s', (file) => {
  test('names commands and options that exist', () => {
    for (const [name = '', ...args] of linesIn(file)) {
      const command = commands.get(name)
      // Prose, such as "fdwsync refuses the plan".
      if (!command && args.every((arg) => !arg.startsWith('-'))) continue
      expect(command?.parseOptions(args).unknown, `fdwsync ${name} ${args.join(' ')}`).toEqual([])
    }
  })
  test('has a README beside it', () => {
    const depth = file.split('/').length
    expect(files).toContain(depth > 1 ? `${file.split('/')[0]}/README.md` : 'README.md')
  })
})

test('containers have no rights', () => {
  expect(pods.length).toBeGreaterThan(2)
  for (const { file, pod } of pods) {
    expect(pod, file).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } })
    for (const { securityContext } of pod.containers) {
      const none = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }
      expect(securityContext, file).toMatchObject(none)
    }
  }
  expect(textOf('docker/Dockerfile')).toMatch(/^USER node$/m)
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
test.skipIf(!hasSystemd)('systemd accepts the units', () => {
  const units = files.filter((file) => /\.(?:service|timer)$/.test(file)).map((file) => join(folder, file))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})
