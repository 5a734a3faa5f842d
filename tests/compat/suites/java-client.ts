/** Apache's Java client and its recipes, driven by a program of ours. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCompatServer } from '../compat-server.ts'
import { reportProgram, runProgram } from '../external-program.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', 'JavaSuite.java')
const RECIPE_JARS = ['election', 'lock', 'queue'].map((name) => `/usr/share/java/zookeeper-recipes-${name}.jar`)
const COMPILE_TIMEOUT_MS = 120_000
const SUITE_TIMEOUT_MS = 300_000

export const javaClientSuite: Suite = {
  name: 'java-client',
  purpose: "Apache's Java client and its recipes",
  software: [
    { file: '/usr/bin/javac', debianPackage: 'default-jdk-headless' },
    { file: ZOOKEEPER_JAR, debianPackage: 'libzookeeper-java' },
    ...RECIPE_JARS.map((file) => ({ file, debianPackage: 'libzookeeper-java' })),
  ],
  run: runJavaClient,
}

async function runJavaClient(context: SuiteContext): Promise<void> {
  const jars = [ZOOKEEPER_JAR, '/usr/share/java/zookeeper-jute.jar', ...RECIPE_JARS].join(':')
  const compilation = await runProgram({
    command: '/usr/bin/javac',
    arguments: ['-proc:none', '-cp', jars, '-d', context.directory, SOURCE],
    timeoutMs: COMPILE_TIMEOUT_MS,
  })
  if (compilation.code !== 0) throw new Error(`javac ended with code ${compilation.code}\n${compilation.stderr}`)
  const server = await startCompatServer(context)
  try {
    await reportProgram(context, {
      command: JAVA,
      arguments: [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-cp',
        `${jars}:${context.directory}`,
        'JavaSuite',
        `${server.host}:${server.port}`,
      ],
      timeoutMs: SUITE_TIMEOUT_MS,
    })
  } finally {
    await server.stop()
  }
}
