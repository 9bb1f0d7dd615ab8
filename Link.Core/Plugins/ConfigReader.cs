using System.Text.Json;

namespace Link.Core.Plugins;

/// <summary>
/// Reads a plugin's configuration field by field and collects all that is wrong with it. What is not asked for is unknown.
/// </summary>
/// <param name="plugin">For messages.</param>
/// <param name="example">What it may look like, for messages: <c>{"ip":"10.0.0.1/32"}</c>.</param>
/// <param name="stored">As <see cref="IPlugin.Read"/> says: unknown fields are ignored.</param>
internal sealed class ConfigReader(string plugin, string example, JsonElement config, bool stored)
{
    private readonly List<string> _asked = [];

    public FieldErrors Errors { get; } = new();

    public bool IsStored => stored;

    private bool IsObject => config.ValueKind == JsonValueKind.Object;

    /// <summary>False: the field is not there, or null.</summary>
    public bool Has(string field, out JsonElement value)
    {
        _asked.Add(field);
        value = default;
        return IsObject && config.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;
    }

    /// <param name="missing">What to say if it is not there; null: it need not be.</param>
    /// <returns>Null: not there, or not a string, which is noted.</returns>
    public string? Text(string field, string? missing = null)
    {
        if (!Has(field, out JsonElement value))
        {
            if (missing != null)
                Errors.Add(field, missing);
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        Errors.Add(field, "must be a string");
        return null;
    }

    /// <summary>The policy that every plugin takes.</summary>
    public string? OnEtcdLoss()
    {
        string? policy = Text("on_etcd_loss");
        if (policy is not (null or "claim" or "hold" or "release"))
            Errors.Add("on_etcd_loss", $"is \"{ForeignText.OneLine(policy)}\"; must be claim, hold or release");
        return policy;
    }

    /// <summary>After the last field was asked for.</summary>
    /// <param name="make">Called if nothing is wrong.</param>
    public Validated<T> Finish<T>(Func<T> make)
        where T : class
    {
        if (!IsObject)
        {
            var errors = new FieldErrors();
            errors.Add("plugin_config", $"must be an object such as {example}");
            return new Validated<T>(null, errors.ToDictionary());
        }

        string? unknown = null;
        foreach (JsonProperty field in config.EnumerateObject())
        {
            if (!stored && !_asked.Contains(field.Name))
                Errors.Add(field.Name, unknown ??= $"is unknown; plugin {plugin} takes {string.Join(", ", _asked.GetRange(0, _asked.Count - 1))} and {_asked[^1]}");
        }

        return new Validated<T>(Errors.IsEmpty ? make() : null, Errors.ToDictionary());
    }

    /// <summary>A field alone, of a stored configuration that may not be readable as a whole; null: there is none, or it is not a string.</summary>
    public static string? Peek(JsonElement config, string field) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
