// node-pg-migrate, with one table pgmigrations in each schema.
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [mode, source] = process.argv.slice(2);
const modules = createRequire(path.join(process.env.TENANCY_NODE_MODULES, "anything.js"));
const { runner } = await import(pathToFileURL(modules.resolve("node-pg-migrate")).href);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "node-pg-migrate-"));
for (const up of fs.readdirSync(source).filter((name) => name.endsWith(".up.sql"))) {
  const name = path.basename(up, ".up.sql");
  const read = (file) => fs.readFileSync(path.join(source, file), "utf8");
  fs.writeFileSync(
    path.join(folder, `${name}_step.sql`),
    `-- Up Migration\n${read(up)}\n-- Down Migration\n${read(`${name}.down.sql`)}\n`,
  );
}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [schema, count] = line.split(" ");
  const options = {
    databaseUrl: { host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE },
    dir: folder,
    migrationsTable: "pgmigrations",
    schema,
    direction: "up",
    verbose: false,
    log: () => {},
  };
  if (mode === "pending") {
    console.log(schema, (await runner({ ...options, dryRun: true })).length);
  } else if (Number(count) > 0) {
    const done = (await runner({ ...options, dryRun: true })).length;
    const all = fs.readdirSync(folder).length;
    await runner({ ...options, count: Number(count) - (all - done) });
  }
}
fs.rmSync(folder, { recursive: true });
