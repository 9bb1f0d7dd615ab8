using System.Text.RegularExpressions;
using Xunit;

namespace Link.Tests.Tidy;

/// <summary>What a machine can check of the documents: that their links lead somewhere, and that the log lines that they explain exist.</summary>
public sealed partial class DocumentsTests
{
    [Fact]
    public void Every_link_of_the_documents_leads_to_a_file_and_a_heading()
    {
        var documents = SourceTree.All().Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal)).ToDictionary(file => file.Path, file => CodeBlock().Replace(file.Text, ""));
        var anchors = documents.ToDictionary(document => document.Key, document => Heading().Matches(document.Value).Select(heading => Anchor(heading.Groups[1].Value)).ToHashSet());
        var links = (
            from document in documents
            from Match link in Link().Matches(document.Value)
            select (From: document.Key, To: link.Groups[1].Value)).ToList();
        Assert.NotEmpty(links);

        var broken =
            from link in links
            let target = link.To.Split('#')
            let file = target[0].Length == 0 ? link.From : Path.GetRelativePath(SourceTree.Root, Path.Combine(SourceTree.Root, Path.GetDirectoryName(link.From)!, target[0]))
            where !File.Exists(Path.Combine(SourceTree.Root, file)) || (target.Length > 1 && (!anchors.TryGetValue(file, out var headings) || !headings.Contains(target[1])))
            select $"{link.From}: {link.To}";
        Assert.Equal([], broken);
    }

    [Fact]
    public void Every_log_line_that_operations_explains_is_one_that_the_agent_writes()
    {
        var source = string.Concat(SourceTree.CSharp("Link.Core").Select(file => file.Text));
        var table = SourceTree.All().Single(file => file.Path == "docs/operations.md").Text.Split("## Log lines")[1].Split("\n## ")[0];
        var lines = (
            from row in table.Split('\n')
            where row.StartsWith("| `", StringComparison.Ordinal)
            from Match quoted in Quoted().Matches(row.Split(" | ")[0])
            select quoted.Groups[1].Value).ToList();
        Assert.NotEmpty(lines);

        var unknown =
            from line in lines
            from part in Variable().Split(line)
            let words = part.Trim(' ', ':', ';', ',')
            where words.Length > 2 && !source.Contains(words, StringComparison.Ordinal)
            select $"{line}: \"{words}\"";
        Assert.Equal([], unknown);
    }

    [Fact]
    public void Every_test_that_the_threat_model_names_exists()
    {
        string tests = string.Concat(SourceTree.CSharp("Link.Tests").Select(file => file.Text));
        string model = SourceTree.All().Single(file => file.Path == "docs/threat-model.md").Text;
        List<string> names = [.. TestName().Matches(model).Select(name => name.Groups[1].Value).Distinct()];
        Assert.True(names.Count > 40, $"only {names.Count} names");
        Assert.Equal([], names.Where(name => !tests.Contains($"class {name}", StringComparison.Ordinal) && !tests.Contains($" {name}(", StringComparison.Ordinal)));
    }

    /// <summary>The name that a heading has in links, as forges make it.</summary>
    private static string Anchor(string heading) => NotInAnchors().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`([A-Za-z0-9]+Tests|[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){3,})`")]
    private static partial Regex TestName();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\((?!https?:)([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    /// <summary>What stands for something else in a quoted line: <c>...</c>, <c>from=STANDBY</c>, <c>"bob"</c>, <c>MAC</c>, <c>18 s</c>.</summary>
    [GeneratedRegex(@"\.\.\.|\w+=\S*|""[^""]*""|\bMAC\b|\d[\d.]*(?: s\b)?")]
    private static partial Regex Variable();
}
