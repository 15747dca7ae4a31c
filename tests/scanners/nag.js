// Prints what cdk-nag finds in a template, as JSON. Arguments: the folder with the packages, the
// template as SAM translates it, and a folder to work in.

const fs = require("fs");
const path = require("path");

const [packages, templateFile, outdir] = process.argv.slice(2);
const load = (name) => require(require.resolve(name, { paths: [packages] }));
const { App, Stack, Validations } = load("aws-cdk-lib");
const { CfnInclude } = load("aws-cdk-lib/cloudformation-include");
const { AwsSolutionsChecks, ServerlessChecks } = load("cdk-nag");

const app = new App({ outdir });
const stack = new Stack(app, "Stack");
new CfnInclude(stack, "Template", { templateFile });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
try {
  app.synth();
} catch (error) {
  if (error.name !== "ValidationFailed" && !/Validation failed/.test(error.message)) throw error;
}
const report = JSON.parse(fs.readFileSync(path.join(outdir, "validation-report.json")));
// The third reporter is CDK's own, which repeats what cfn-lint finds.
const packs = report.pluginReports.filter((own) => /^(AwsSolutions|Serverless)$/.test(own.pluginName));
// A pack that finds nothing is left out; the first finds something in each template.
if (packs[0]?.pluginName !== "AwsSolutions") throw new Error(JSON.stringify(report));
const findings = packs.flatMap((pack) => pack.violations).flatMap((violation) =>
  violation.violatingConstructs.map((construct) => ({
    rule: violation.ruleName.split("[")[0],
    resource: construct.constructPath.split("/").pop(),
    description: `${violation.ruleName}: ${violation.description}`,
  })),
);
process.stdout.write(JSON.stringify(findings));
