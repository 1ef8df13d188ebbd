// The exit code of the process.

export async function setExitCode(code: Promise<number>): Promise<void> {
  process.exitCode = await code
}
