import { exitCode } from '../../core/errors.ts'
import { narrator } from '../../demo/narrator.ts'
import { playOn } from '../../demo/play.ts'
import { scenes } from '../../demo/scenes.ts'
import { setStage } from '../../demo/stage.ts'
import { usableBinaries } from '../../demo/usable-binaries.ts'
import { abortOnInterrupt, styleOf } from '../environment.ts'

/**
 * Shows the whole round on two throwaway servers, and verifies what it tells. Both are gone afterwards, however it ends:
 * if this process can no longer stop them, their watchdog does.
 */
export async function demo(): Promise<number> {
  const binaries = usableBinaries()
  const signal = abortOnInterrupt()
  const teller = narrator(styleOf('stdout'))
  await teller.say(`Starting two throwaway PostgreSQL ${binaries.major} servers and filling one ...`)
  const stage = await setStage(binaries)
  try {
    const play = playOn(stage, teller, signal)
    for (const scene of scenes) {
      signal.throwIfAborted()
      await scene(play)
    }
  } finally {
    await stage.strike()
  }
  await teller.say(
    '',
    'Both servers are stopped, and their data are removed.',
    'To do the same with servers of your own, see examples/shop/README.md.',
  )
  return exitCode.done
}
