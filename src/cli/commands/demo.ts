// `fdwsync demo`: a tour on throwaway servers.

import { exitCode } from '../../core/errors.ts'
import { chapters } from '../../demo/chapters.ts'
import { createContext } from '../../demo/context.ts'
import { startDatabases } from '../../demo/databases.ts'
import { createNarrator } from '../../demo/narrator.ts'
import { usableBinaries } from '../../demo/usable-binaries.ts'
import { abortOnInterrupt } from '../environment.ts'
import { printAndFlush } from '../output.ts'
import { styleOf } from '../terminal.ts'

/** The servers are removed afterwards, however the demo ends: if this process cannot stop them, their watchdog does. */
export async function demo(): Promise<number> {
  const binaries = await usableBinaries()
  const signal = abortOnInterrupt()
  const style = styleOf('stdout')
  const narrator = createNarrator(style, (text) => printAndFlush(text, style.level > 0))
  await narrator.print(`Starting two throwaway PostgreSQL servers and loading the example ...`)
  const databases = await startDatabases(binaries)
  try {
    const context = createContext(databases, narrator, signal)
    for (const chapter of chapters) {
      signal.throwIfAborted()
      await chapter(context)
    }
  } finally {
    await databases.stop()
  }
  await narrator.print(
    '',
    'The servers are stopped and their data are removed.',
    'To do the same with your own servers, see examples/shop/README.md.',
  )
  return exitCode.done
}
