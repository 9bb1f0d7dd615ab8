using System.CommandLine;
using System.Text.RegularExpressions;
using Link.Cli.Client;
using Link.Core.Agent;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The manual pages are well formed, and name everything that the program has.</summary>
public sealed partial class ManualPagesTests
{
    public static TheoryData<string> Pages => ["link-client.1", "link.env.5", "link-agent.8"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Man_has_no_warning_and_finds_the_name(string page)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["LC_ALL"] = "C.UTF-8", ["MANROFFSEQ"] = "" };
        var (code, _, error) = await Tool.TryAsync("man", ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", PathOf(page)], environment: environment);
        Assert.True(code == 0 && error.Length == 0, error);
        Assert.Contains($"\"{Path.GetFileNameWithoutExtension(page)} - ", await Tool.RunAsync("lexgrog", [PathOf(page)]), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_page_has_the_sections_that_one_looks_for(string page)
    {
        string[] sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO", .. page == "link.env.5" ? ["ENVIRONMENT"] : (string[])["OPTIONS", "ENVIRONMENT", "SIGNALS", "EXIT STATUS"]];
        var text = File.ReadAllText(PathOf(page));
        Assert.All(sections, section => Assert.Contains($"\n.SH {section}\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Link_env_names_every_variable_of_the_agent()
    {
        var options = AgentOptions.Read(new Dictionary<string, string> { ["ETCD_HOSTS"] = "http://127.0.0.1:2379" }, "host").Options!;
        AssertAll(options.Describe().Select(setting => setting.Variable), Words("link.env.5"), "packaging/man/link.env.5");
    }

    [Fact]
    public void Link_env_and_the_document_name_the_same_variables()
    {
        var document = File.ReadAllText(Path.Combine(Programs.Root, "docs", "configuration.md"));
        var agent = document[document.IndexOf("## Variables", StringComparison.Ordinal)..document.IndexOf("## Plugin ", StringComparison.Ordinal)];
        var variables = Variable().Matches(agent).Select(match => match.Groups[1].Value).ToHashSet();
        AssertAll(variables, Words("link.env.5"), "packaging/man/link.env.5");
        AssertAll(Tagged("link.env.5"), variables, "docs/configuration.md");
    }

    [Fact]
    public void Link_client_names_every_command_and_every_option()
    {
        using StringWriter nowhere = new();
        var root = CommandTree.Build(new ClientConsole(nowhere, nowhere, _ => null, IsTerminal: false));
        AssertAll(Names(root).Skip(1), Words("link-client.1"), "packaging/man/link-client.1");
    }

    [Fact]
    public void Link_client_names_no_option_that_there_is_not()
    {
        using StringWriter nowhere = new();
        var root = CommandTree.Build(new ClientConsole(nowhere, nowhere, _ => null, IsTerminal: false));
        var known = Names(root).ToHashSet();
        AssertAll(Words("link-client.1").Where(word => Option().IsMatch(word)).Select(word => word.Split('=')[0]), known, "the commands");
    }

    [Fact]
    public async Task Link_agent_names_its_options()
    {
        var help = await Tool.RunAsync(Programs.Link, ["agent", "--help"]);
        AssertAll(Regex.Matches(help, "--[a-z-]+").Select(match => match.Value), Words("link-agent.8"), "packaging/man/link-agent.8");
    }

    private static IEnumerable<string> Names(Command command) =>
        command.Hidden ? [] : [command.Name, .. command.Aliases, .. command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name[0] == '-'), .. command.Subcommands.SelectMany(Names)];

    private static void AssertAll(IEnumerable<string> wanted, IReadOnlySet<string> found, string where)
    {
        var missing = wanted.Distinct().Where(name => !found.Contains(name)).ToList();
        Assert.True(missing.Count == 0, $"not in {where}: {string.Join(' ', missing)}");
    }

    /// <summary>The page's words as a reader sees them: without requests, fonts and escapes.</summary>
    private static HashSet<string> Words(string page) =>
        [.. Escape().Replace(Request().Replace(File.ReadAllText(PathOf(page)), " ").Replace("\\-", "-", StringComparison.Ordinal), " ").Split([' ', '\n', '"', ',', '.', ':', ';', '(', ')'], StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>What the page describes: the words of the lines after .TP.</summary>
    private static IEnumerable<string> Tagged(string page) =>
        Tag().Matches(File.ReadAllText(PathOf(page))).SelectMany(match => match.Groups[1].Value.Split([' ', '"', ','], StringSplitOptions.RemoveEmptyEntries));

    private static string PathOf(string page) => Path.Combine(Programs.Root, "packaging", "man", page);

    [GeneratedRegex(@"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^--[a-z]")]
    private static partial Regex Option();

    [GeneratedRegex(@"^\.[A-Z]+", RegexOptions.Multiline)]
    private static partial Regex Request();

    [GeneratedRegex(@"\\f.")]
    private static partial Regex Escape();

    [GeneratedRegex(@"^\.TP\n\.BR? ([A-Z_"", ]+)$", RegexOptions.Multiline)]
    private static partial Regex Tag();
}
