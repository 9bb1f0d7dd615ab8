using System.Text.RegularExpressions;
using Xunit;

namespace Link.Tests.Tidy;

/// <summary>What a machine can check of CONTRIBUTING.md and of the arrows in docs/architecture.md.</summary>
public sealed partial class TidyTests
{
    private const string Anything = "*";

    /// <summary>Folder of Link.Core to the folders that it may use.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Agent"] = [Anything],
        ["Api"] = ["Net", "Election", "Storage", "Secrets", "Metrics", "HealthChecks", "Logging", "Files", "Configuration"],
        ["Plugins"] = ["Net", "Secrets", "Logging", "Files", "Configuration"],
        ["Storage"] = ["Etcd", "Secrets", "HealthChecks"],
        ["Heartbeat"] = ["Net", "Logging"],
        ["HealthChecks"] = ["Net", "Logging"],
        ["Election"] = [],
        ["Net"] = [],
        ["Etcd"] = ["Files", "Configuration"],
        ["Files"] = [],
        ["Configuration"] = [],
        ["Metrics"] = [],
        ["Logging"] = [],
        ["Secrets"] = [],
    };

    [Fact]
    public void Folders_use_only_what_the_architecture_allows()
    {
        var wrong =
            from file in SourceTree.CSharp("Link.Core")
            let folder = TopFolder(file)
            from Match use in CoreNamespace().Matches(file.Code)
            let to = use.Groups[1].Value
            where folder != to && !IsAllowed(folder, to)
            select $"{file.Path} uses {to}";

        AssertNone(wrong);
    }

    [Fact]
    public void Every_folder_of_the_core_has_its_arrows()
    {
        var folders = SourceTree.CSharp("Link.Core").Select(TopFolder).Distinct();

        AssertNone(folders.Except(Arrows.Keys));
    }

    [Fact]
    public void The_core_does_not_know_the_command_line_and_neither_knows_the_tests()
    {
        var core = SourceTree.CSharp("Link.Core").Where(file => file.Code.Contains("Link.Cli", StringComparison.Ordinal));
        var both = SourceTree.CSharp("Link.Core", "Link.Cli").Where(file => file.Code.Contains("Link.Tests", StringComparison.Ordinal));

        AssertNone(core.Concat(both).Select(file => file.Path));
    }

    [Fact]
    public void The_election_uses_nothing_but_System()
    {
        var wrong =
            from file in SourceTree.CSharp("Link.Core/Election")
            from Match use in Using().Matches(file.Code)
            where !Regex.IsMatch(use.Groups[1].Value, @"^(System\b(?!\.(Net|IO|Threading))|Link\.Core\.Election\b)")
            select $"{file.Path} uses {use.Groups[1].Value}";

        AssertNone(wrong);
    }

    [Fact]
    public void The_election_has_no_clock_no_dice_and_no_task() => AssertNone(FoundInCode(
        SourceTree.CSharp("Link.Core/Election"),
        new Regex(@"\b(Task\.\w+|Thread\.\w+|DateTime(Offset)?\.(Utc)?Now|Stopwatch\.\w+|Environment\.TickCount(64)?|Random\.Shared|Guid\.NewGuid|new Random\(\))")));

    [Fact]
    public void Only_Net_Linux_speaks_to_the_kernel_directly() => AssertNone(FoundInCode(
        SourceTree.CSharp("Link.Core", "Link.Cli").Where(file => !file.Path.StartsWith("Link.Core/Net/Linux/", StringComparison.Ordinal)),
        new Regex(@"\b(unsafe|LibraryImport|DllImport)\b")));

    [Fact]
    public void Namespaces_equal_folders()
    {
        var wrong =
            from file in SourceTree.CSharp("Link.Core", "Link.Cli", "Link.Tests")
            let name = Namespace().Match(file.Code)
            let expected = file.Folder.Replace('/', '.')
            where name.Success ? name.Groups[1].Value != expected : !Path.GetFileName(file.Path).StartsWith("Global", StringComparison.Ordinal)
            select $"{file.Path}: {(name.Success ? name.Groups[1].Value : "no file-scoped namespace")}, not {expected}";

        AssertNone(wrong);
    }

    [Fact]
    public void Names_say_what_a_type_does()
    {
        var wrong =
            from file in SourceTree.CSharp("Link.Core", "Link.Cli", "Link.Tests")
            where EmptyName().IsMatch(Path.GetFileName(file.Path).Split('.')[0]) || file.Folder.Split('/').Any(folder => EmptyName().IsMatch(folder))
            select file.Path;

        AssertNone(wrong);
    }

    [Fact]
    public void Nothing_is_left_for_later() => AssertNone(Found(SourceTree.All(), new Regex("\\b(TO" + "DO|FIX" + "ME)\\b")));

    [Fact]
    public void No_file_names_a_place_on_somebodys_machine() => AssertNone(Found(SourceTree.All(), new Regex(@"(?<![\w.])/wor" + "k/")));

    [Theory]
    [InlineData("a // unsafe", "a ")]
    [InlineData("a = \"unsafe \\\" b\"; b", "a = ; b")]
    [InlineData("a = '\"'; b = '\"';", "a = ; b = ;")]
    [InlineData("a /* x\ny */ b", "a \n b")]
    [InlineData("a = \"\"\"unsafe \" \"\"\"; b", "a = ; b")]
    public void Comments_and_strings_are_not_code(string text, string code) => Assert.Equal(code, SourceTree.CodeOf(text));

    private static bool IsAllowed(string folder, string to) =>
        to != "Agent" && Arrows.TryGetValue(folder, out var allowed) && (allowed.Contains(Anything) || allowed.Contains(to));

    private static string TopFolder(SourceFile file) => file.Path.Split('/')[1];

    // Assert.Empty would cut the list short.
    private static void AssertNone(IEnumerable<string> wrong)
    {
        var list = wrong.Distinct().ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }

    private static IEnumerable<string> FoundInCode(IEnumerable<SourceFile> files, Regex pattern) => Found(files.Select(file => file with { Text = file.Code }), pattern);

    private static IEnumerable<string> Found(IEnumerable<SourceFile> files, Regex pattern) =>
        from file in files
        from Match match in pattern.Matches(file.Text)
        select $"{file.Path}:{file.Text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value}";

    [GeneratedRegex(@"\bLink\.Core\.([A-Z]\w*)")]
    private static partial Regex CoreNamespace();

    [GeneratedRegex(@"^\s*(?:global )?using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex("(Utils?|Utilities|Helpers?|Common|Managers?|Base)$")]
    private static partial Regex EmptyName();
}
