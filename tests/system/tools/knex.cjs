// knex, with one table knex_migrations in each schema.
const { createRequire } = require("node:module");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");

const [mode, source] = process.argv.slice(2);
const knex = createRequire(path.join(process.env.TENANCY_NODE_MODULES, "anything.js"))("knex");

async function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "knex-"));
  for (const up of fs.readdirSync(source).filter((name) => name.endsWith(".up.sql"))) {
    const name = path.basename(up, ".up.sql");
    const text = (file) => JSON.stringify(fs.readFileSync(path.join(source, file), "utf8"));
    fs.writeFileSync(
      path.join(directory, `${name}_step.js`),
      `exports.up = (knex) => knex.raw(${text(up)});\nexports.down = (knex) => knex.raw(${text(`${name}.down.sql`)});\n`,
    );
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [schema, count] = line.split(" ");
    const session = knex({
      client: "pg",
      connection: { host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE },
      searchPath: [schema],
      migrations: { directory },
    });
    if (mode === "pending") {
      console.log(schema, (await session.migrate.list())[1].length);
    } else if (Number(count) > 0) {
      for (let done = (await session.migrate.list())[0].length; done < Number(count); ++done) await session.migrate.up();
    }
    await session.destroy();
  }
  fs.rmSync(directory, { recursive: true });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
