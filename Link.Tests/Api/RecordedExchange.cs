using System.Text.Json;
using Link.Tests.Tidy;

namespace Link.Tests.Api;

/// <summary>What a running LinK agent was asked, and how it answered.</summary>
/// <param name="Method">GET, POST ...</param>
/// <param name="Path">With LinK's ids.</param>
/// <param name="Body">What was sent; null: nothing.</param>
/// <param name="Answer">Null: no body.</param>
internal sealed record RecordedExchange(string Method, string Path, string? Body, int Status, JsonElement? Answer)
{
    public static IReadOnlyList<RecordedExchange> Load(string version)
    {
        string path = System.IO.Path.Combine(SourceTree.Root, "Link.Tests", "Api", "Recorded", $"link-{version}.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty("exchanges").EnumerateArray().Select(Read)];
    }

    private static RecordedExchange Read(JsonElement json)
    {
        string[] request = json.GetProperty("request").GetString()!.Split(' ');
        return new RecordedExchange(
            request[0],
            request[1],
            json.TryGetProperty("body", out JsonElement body) ? body.GetRawText() : null,
            json.GetProperty("status").GetInt32(),
            json.TryGetProperty("answer", out JsonElement answer) ? answer.Clone() : null);
    }
}
