using System.Text.Json;
using System.Text.RegularExpressions;

namespace Link.Tests.Api;

/// <summary>
/// Compares our answers with LinK's: each of its fields has to be there with the same name, type and value, in its order, ours only after. What differs
/// is noted. The ids differ by nature: which of ours stands for which of LinK's is learnt from the answers to additions.
/// </summary>
internal sealed partial class AnswerComparison
{
    private readonly Dictionary<string, string> _ourIds = [];

    /// <summary>What differs, as <c>METHOD /path: what</c>, each once.</summary>
    public SortedSet<string> Differences { get; } = new(StringComparer.Ordinal);

    /// <summary>LinK's path or text with our ids.</summary>
    public string Ours(string text) => Id().Replace(text, id => _ourIds.GetValueOrDefault(id.Value, id.Value));

    public void Compare(RecordedExchange recorded, ApiReply reply)
    {
        string where = $"{recorded.Method} {Id().Replace(recorded.Path, "{id}")}";
        if (recorded.Status != reply.Status)
        {
            Differences.Add($"{where}: status is {reply.Status}, LinK's {recorded.Status}");
        }

        if (recorded.Answer is not { } answer)
        {
            NoteIf(reply.Body.Length > 0 && recorded.Status < 300, $"{where}: there is a body, LinK's has none");
            return;
        }

        using JsonDocument document = JsonDocument.Parse(reply.Body);
        if (recorded is { Method: "POST", Status: 201 })
        {
            Learn(answer, document.RootElement);
        }

        Compare(where, "", answer, document.RootElement);
    }

    private void Learn(JsonElement link, JsonElement ours)
    {
        if (link.TryGetProperty("endpoint", out JsonElement inner) && ours.TryGetProperty("endpoint", out JsonElement ourInner))
        {
            (link, ours) = (inner, ourInner);
        }

        _ourIds[link.GetProperty("id").GetString()!] = ours.GetProperty("id").GetString()!;
    }

    private void Compare(string where, string path, JsonElement link, JsonElement ours)
    {
        string field = path.Length == 0 ? "the answer" : path;
        if (link.ValueKind != ours.ValueKind)
        {
            Differences.Add($"{where}: {field} is {ours.ValueKind}, LinK's {link.ValueKind}");
            return;
        }

        switch (link.ValueKind)
        {
            case JsonValueKind.Object:
                CompareObjects(where, path, link, ours);
                break;

            case JsonValueKind.Array:
                CompareLists(where, path, link, ours);
                break;

            case JsonValueKind.String when path is "error" or "msg":
                NoteIf(link.GetString() != ours.GetString(), $"{where}: {field} has another text");
                break;

            case JsonValueKind.String when path != "version":
                NoteIf(Ours(link.GetString()!) != ours.GetString(), $"{where}: {field} is \"{ours.GetString()}\", LinK's \"{link.GetString()}\"");
                break;

            case JsonValueKind.Number:
                NoteIf(link.GetRawText() != ours.GetRawText(), $"{where}: {field} is {ours.GetRawText()}, LinK's {link.GetRawText()}");
                break;
        }
    }

    private void CompareObjects(string where, string path, JsonElement link, JsonElement ours)
    {
        List<string> names = [];
        foreach (JsonProperty property in link.EnumerateObject())
        {
            string inner = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (ours.TryGetProperty(property.Name, out JsonElement value))
            {
                names.Add(property.Name);
                Compare(where, inner, property.Value, value);
            }
            else
            {
                Differences.Add($"{where}: {inner} is missing");
            }
        }

        List<string> first = [.. ours.EnumerateObject().Select(property => property.Name).Take(names.Count)];
        NoteIf(!names.SequenceEqual(first), $"{where}: {(path.Length == 0 ? "the answer" : path)} has another order");
    }

    private void CompareLists(string where, string path, JsonElement link, JsonElement ours)
    {
        List<JsonElement> theirs = [.. link.EnumerateArray()];
        List<JsonElement> mine = [.. ours.EnumerateArray()];
        if (theirs.Count != mine.Count)
        {
            Differences.Add($"{where}: {path} has {mine.Count} items, LinK's {theirs.Count}");
            return;
        }

        // A list of endpoints has no order of its own: LinK's changes from answer to answer.
        foreach ((JsonElement item, int index) in theirs.Select((item, index) => (item, index)))
        {
            JsonElement match = item.TryGetProperty("id", out JsonElement id)
                ? mine.Find(other => other.GetProperty("id").GetString() == Ours(id.GetString()!))
                : mine[index];
            if (match.ValueKind == JsonValueKind.Undefined)
            {
                Differences.Add($"{where}: {path} lacks an item");
                continue;
            }

            Compare(where, $"{path}[]", item, match);
        }
    }

    private void NoteIf(bool differs, string what)
    {
        if (differs)
        {
            Differences.Add(what);
        }
    }

    [GeneratedRegex("vip-[0-9a-f-]{36}")]
    private static partial Regex Id();
}
