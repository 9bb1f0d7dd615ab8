using System.Text;
using System.Text.Json;

namespace Link.Core.Api;

/// <summary>
/// Finds in JSON what is read differently by different readers: a field that occurs twice, text with half a surrogate pair, which has no UTF-8. Also names
/// too long to be anybody's. One pass; the place of a fault is put together only where there is one.
/// </summary>
internal sealed class JsonAmbiguity
{
    /// <summary>Of a field's name, in characters.</summary>
    public const int MaxName = 128;

    private const int MaxEcho = 100;

    private readonly CancellationToken _cancel;

    // From the root to where we are: a string, or an index.
    private readonly List<object> _path = [];

    private JsonAmbiguity(CancellationToken cancel) => _cancel = cancel;

    /// <returns>What is wrong and where; null: nothing.</returns>
    /// <exception cref="OperationCanceledException">By <paramref name="cancel"/>.</exception>
    public static string? Find(JsonElement root, CancellationToken cancel) => new JsonAmbiguity(cancel).Find(root);

    private string? Find(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => IsText(element) ? null : $"{Place()} has an unpaired surrogate",
        JsonValueKind.Array => InArray(element),
        JsonValueKind.Object => InObject(element),
        _ => null,
    };

    private string? InArray(JsonElement array)
    {
        _cancel.ThrowIfCancellationRequested();
        int index = 0;
        foreach (JsonElement item in array.EnumerateArray())
        {
            // Numbers are most of what can be many.
            if (item.ValueKind is JsonValueKind.String or JsonValueKind.Array or JsonValueKind.Object)
            {
                _path.Add(index);
                if (Find(item) is { } fault)
                {
                    return fault;
                }

                _path.RemoveAt(_path.Count - 1);
            }

            index++;
        }

        return null;
    }

    private string? InObject(JsonElement element)
    {
        _cancel.ThrowIfCancellationRequested();
        HashSet<string> names = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!TryName(property, out string name))
            {
                return $"a field's name in {(_path.Count == 0 ? "the body" : Place())} has an unpaired surrogate";
            }

            _path.Add(name);
            if (name.Length > MaxName)
            {
                return $"field {Place()} has a name of {name.Length} characters; at most {MaxName}";
            }

            if (!names.Add(name))
            {
                return $"field {Place()} occurs twice";
            }

            if (Find(property.Value) is { } fault)
            {
                return fault;
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return null;
    }

    private string Place()
    {
        StringBuilder place = new();
        foreach (object step in _path)
        {
            if (step is int index)
            {
                place.Append('[').Append(index).Append(']');
            }
            else
            {
                place.Append(place.Length == 0 ? "" : ".").Append((string)step);
            }

            if (place.Length > MaxEcho)
            {
                return $"{place.ToString(0, MaxEcho)}...";
            }
        }

        return place.ToString();
    }

    private static bool IsText(JsonElement element)
    {
        try
        {
            _ = element.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static bool TryName(JsonProperty property, out string name)
    {
        try
        {
            name = property.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }
}
