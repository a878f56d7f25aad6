// Prisma Migrate, with one table _prisma_migrations in each schema.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

const [mode, source] = process.argv.slice(2);
const modules = process.env.TENANCY_NODE_MODULES;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "prisma-"));
const migrations = fs.readdirSync(source).filter((name) => name.endsWith(".up.sql")).sort();

// What npm has of Prisma is enough with its engine in WebAssembly and the adapter of pg; others would be downloaded.
// The adapter does not know the type "name".
const config = `
import { createRequire } from "node:module";
const modules = createRequire(${JSON.stringify(path.join(modules, "anything.js"))});
const { PrismaPg } = modules("@prisma/adapter-pg");
const pg = modules("pg");
const addFields = pg.Result.prototype.addFields;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === 19) field.dataTypeID = 25;
  return addFields.call(this, fields);
};
const schema = process.env.TENANT;
const place = { host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE };
export default {
  engine: "js",
  experimental: { adapter: true },
  schema: "schema.prisma",
  migrations: { path: process.env.MIGRATIONS },
  adapter: async () => new PrismaPg({ ...place, options: "-c search_path=" + schema }, { schema }),
};
`;
fs.writeFileSync(path.join(folder, "prisma.config.mjs"), config);
fs.writeFileSync(path.join(folder, "schema.prisma"), 'datasource db {\n  provider = "postgresql"\n  url = "postgresql://"\n}\n');

function writeMigrations(count) {
  const place = path.join(folder, `first_${count}`);
  if (fs.existsSync(place)) return place;
  for (const up of migrations.slice(0, count)) {
    const one = path.join(place, `${path.basename(up, ".up.sql")}_step`);
    fs.mkdirSync(one, { recursive: true });
    fs.copyFileSync(path.join(source, up), path.join(one, "migration.sql"));
  }
  fs.writeFileSync(path.join(place, "migration_lock.toml"), 'provider = "postgresql"\n');
  return place;
}

function prisma(command, schema, count) {
  const engines = { PRISMA_QUERY_ENGINE_LIBRARY: "/bin/true", PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true" };
  const env = { ...process.env, ...engines, CHECKPOINT_DISABLE: "1", TENANT: schema, MIGRATIONS: writeMigrations(count) };
  const words = [path.join(modules, "prisma/build/index.js"), "migrate", command];
  const { status, stdout, stderr } = spawnSync("node", words, { cwd: folder, env, encoding: "utf8" });
  return { status, text: stdout + stderr };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [schema, count] = line.split(" ");
  if (mode === "pending") {
    const { text } = prisma("status", schema, migrations.length);
    const waiting = migrations.filter((up) => text.includes(`\n${path.basename(up, ".up.sql")}_step\n`));
    if (waiting.length === 0 && !text.includes("Database schema is up to date")) throw new Error(text);
    console.log(schema, waiting.length);
  } else if (Number(count) > 0) {
    const { status, text } = prisma("deploy", schema, Number(count));
    if (status !== 0) throw new Error(text);
  }
}
fs.rmSync(folder, { recursive: true });
