using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Link.Tests.Api;

/// <summary>As much of JSON Schema as docs/openapi.json uses. A word that is not known is a fault of the schema.</summary>
/// <param name="root">Where references begin.</param>
internal sealed class JsonSchema(JsonElement root)
{
    public JsonElement Resolve(JsonElement element)
    {
        while (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out JsonElement reference))
        {
            element = reference.GetString()!.Split('/').Skip(1).Aggregate(root, (at, name) => at.GetProperty(name));
        }

        return element;
    }

    /// <returns>What is wrong with the value; empty: nothing.</returns>
    public IReadOnlyList<string> Validate(JsonElement schema, JsonElement value, string path = "$")
    {
        List<string> faults = [];
        foreach (JsonProperty rule in Resolve(schema).EnumerateObject())
        {
            faults.AddRange(Check(rule, Resolve(schema), value, path));
        }

        return faults;
    }

    private IEnumerable<string> Check(JsonProperty rule, JsonElement schema, JsonElement value, string path) => rule.Name switch
    {
        "description" or "format" or "additionalProperties" => rule.Name == "additionalProperties" ? CheckOthers(schema, rule.Value, value, path) : [],
        "type" => Unless(Types(rule.Value).Any(type => Is(type, value)), $"{path} is {value.ValueKind}, expected {rule.Value}"),
        "enum" => Unless(rule.Value.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value)), $"{path} is {value}, expected one of {rule.Value}"),
        "const" => Unless(JsonElement.DeepEquals(rule.Value, value), $"{path} is {value}, expected {rule.Value}"),
        "pattern" when value.ValueKind == JsonValueKind.String => Unless(Regex.IsMatch(value.GetString()!, rule.Value.GetString()!), $"{path} is {value}, expected {rule.Value}"),
        "minLength" when value.ValueKind == JsonValueKind.String => Unless(value.GetString()!.Length >= rule.Value.GetInt32(), $"{path} is too short"),
        "minimum" when value.ValueKind == JsonValueKind.Number => Unless(value.GetDouble() >= rule.Value.GetDouble(), $"{path} is {value}, less than {rule.Value}"),
        "maximum" when value.ValueKind == JsonValueKind.Number => Unless(value.GetDouble() <= rule.Value.GetDouble(), $"{path} is {value}, more than {rule.Value}"),
        "minItems" when value.ValueKind == JsonValueKind.Array => Unless(value.GetArrayLength() >= rule.Value.GetInt32(), $"{path} has too few items"),
        "maxItems" when value.ValueKind == JsonValueKind.Array => Unless(value.GetArrayLength() <= rule.Value.GetInt32(), $"{path} has too many items"),
        "items" when value.ValueKind == JsonValueKind.Array => value.EnumerateArray().SelectMany((item, index) => Validate(rule.Value, item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"))),
        "required" when value.ValueKind == JsonValueKind.Object => rule.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{path}.{name} is missing"),
        "properties" when value.ValueKind == JsonValueKind.Object => value.EnumerateObject().SelectMany(field =>
            rule.Value.TryGetProperty(field.Name, out JsonElement inner) ? Validate(inner, field.Value, $"{path}.{field.Name}") : []),
        "anyOf" => Unless(rule.Value.EnumerateArray().Any(choice => Validate(choice, value, path).Count == 0), $"{path} is none of the choices"),
        "pattern" or "minLength" or "minimum" or "maximum" or "minItems" or "maxItems" or "items" or "required" or "properties" => [],
        _ => throw new NotSupportedException($"The schema at {path} uses {rule.Name}"),
    };

    private IEnumerable<string> CheckOthers(JsonElement schema, JsonElement rule, JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Object || rule.ValueKind == JsonValueKind.True)
        {
            return [];
        }

        IEnumerable<JsonProperty> others = value.EnumerateObject().Where(field => !schema.TryGetProperty("properties", out JsonElement known) || !known.TryGetProperty(field.Name, out _));
        return rule.ValueKind == JsonValueKind.False
            ? others.Select(field => $"{path}.{field.Name} is not described")
            : others.SelectMany(field => Validate(rule, field.Value, $"{path}.{field.Name}"));
    }

    private static IEnumerable<string> Types(JsonElement rule) => rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Select(type => type.GetString()!) : [rule.GetString()!];

    private static bool Is(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new NotSupportedException($"The schema uses type {type}"),
    };

    private static IEnumerable<string> Unless(bool right, string fault) => right ? [] : [fault];
}
