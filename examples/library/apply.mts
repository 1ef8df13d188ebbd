// Plans, applies and prints what happens, as the command line does: node apply.mts MANIFEST. The target is DATABASE_URL.
import { apply, exitCode, FdwsyncError, formatProblem, loadManifest, plan, status } from 'fdwsync'

const { env, argv } = process
const signal = AbortSignal.timeout(600_000)
try {
  const manifest = await loadManifest(argv[2] ?? 'fdwsync.yaml', { env })
  const { changes } = await plan(manifest, { env, signal })
  for (const { change, title } of changes) console.log(`${change.op} ${title}`)
  const run = apply(manifest, { env, signal, allow: [] })
  for await (const event of run)
    if (event.type === 'step-finished') console.log(`${event.outcome.status}: ${event.title}`)
  const { report } = await run.result
  const { objects } = await status({ env, signal, manifest })
  console.log(
    `${report?.steps.length ?? 0} steps, ${objects.filter(({ state }) => state === 'in sync').length} objects in sync`,
  )
} catch (error) {
  if (!(error instanceof FdwsyncError)) throw error
  console.error(error.problems.map((problem) => `${problem.code}: ${formatProblem(problem)}`).join('\n'))
  process.exitCode = error.exitCode === exitCode.refused ? 4 : 1
}
