using System.Text.Json;
using Link.Tests.Tidy;

namespace Link.Tests.Api;

/// <summary>docs/openapi.json, read as far as the tests need it.</summary>
internal sealed class OpenApi
{
    private readonly JsonElement _root;

    public OpenApi()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "openapi.json")));
        _root = document.RootElement.Clone();
        Schema = new JsonSchema(_root);
        Operations = [.. Read()];
    }

    public JsonSchema Schema { get; }

    public IReadOnlyList<OpenApiOperation> Operations { get; }

    public OpenApiOperation Find(string method, string path) => Operations.Single(operation => operation.Method == method && operation.Path == path);

    /// <summary>What is behind a <c>$ref</c>, or the element itself.</summary>
    public JsonElement Resolve(JsonElement element) => Schema.Resolve(element);

    /// <summary>Schema and examples of a body; null: it has none.</summary>
    public (JsonElement Schema, IReadOnlyList<JsonElement> Examples)? Content(JsonElement bodyOrAnswer)
    {
        if (!Resolve(bodyOrAnswer).TryGetProperty("content", out JsonElement content))
        {
            return null;
        }

        JsonElement json = content.GetProperty("application/json");
        List<JsonElement> examples = json.TryGetProperty("example", out JsonElement example) ? [example] : [];
        if (json.TryGetProperty("examples", out JsonElement several))
        {
            examples.AddRange(several.EnumerateObject().Select(item => item.Value.GetProperty("value")));
        }

        return (json.GetProperty("schema"), examples);
    }

    private IEnumerable<OpenApiOperation> Read()
    {
        foreach (JsonProperty path in _root.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty method in path.Value.EnumerateObject().Where(method => method.Name != "parameters"))
            {
                yield return new OpenApiOperation(
                    method.Name.ToUpperInvariant(),
                    path.Name,
                    method.Value.GetProperty("x-link-role").GetString()!,
                    method.Value.TryGetProperty("requestBody", out JsonElement body) ? body : null,
                    method.Value.GetProperty("responses").EnumerateObject().ToDictionary(answer => int.Parse(answer.Name, System.Globalization.CultureInfo.InvariantCulture), answer => Resolve(answer.Value)),
                    path.Value.TryGetProperty("parameters", out _));
            }
        }
    }
}

/// <summary>One operation of the document.</summary>
/// <param name="Role">The least that may call it.</param>
/// <param name="Answers">By status.</param>
internal sealed record OpenApiOperation(string Method, string Path, string Role, JsonElement? Body, IReadOnlyDictionary<int, JsonElement> Answers, bool HasParameters)
{
    public bool IsCommand => Method != "GET";
}
