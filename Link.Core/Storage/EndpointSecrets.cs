using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>
/// Takes the secrets out of a plugin's configuration before it is stored, and puts them back. In the stored configuration a secret stands as
/// <c>{"id":"sec-...","endpoint_id":"vip-..."}</c>; it lies, encrypted, under <see cref="KeyLayout.Secret"/>. Pure, but for ids and nonces.
/// </summary>
internal static class EndpointSecrets
{
    /// <summary>What to do about a missing key.</summary>
    public const string SetTheKey = "set SECRET_STORAGE_ENCRYPTION_KEY (32 characters or more) and start the agent again";

    private const string GiveAgain = "see who can write etcd, then delete the endpoint and add it again with its secrets";

    private static readonly JsonEncodedText Mask = JsonEncodedText.Encode(Secret.Mask, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    /// <param name="plainConfig">JSON with its secrets in clear, as strings.</param>
    public static SealedConfig Seal(string host, string endpointId, string plainConfig, PluginSecrets plugin, KeyRing ring, SecretFormat format)
    {
        if (plugin.Paths.Count == 0)
            return new SealedConfig(RecordJson.Compact(plainConfig), [], []);

        var puts = new List<SecretPut>();
        var faults = new List<SecretFault>();
        if (DestinationOf(plainConfig, plugin, faults) is not { } destination)
            return new SealedConfig(null, [], faults);
        var config = Rewrite(plainConfig, plugin.Paths, faults, (writer, field, value, isParent) =>
        {
            if (isParent)
                faults.Add(new SecretFault(field, "is not an object"));
            else if (value.ValueKind != JsonValueKind.String)
                faults.Add(new SecretFault(field, "is not a string"));
            else if (!ring.HasKey)
                faults.Add(new SecretFault(field, $"is a secret, and this host has no key to encrypt it: {SetTheKey}"));
            else
            {
                var put = Seal(host, endpointId, new Secret(value.GetRawText()), new SecretPurpose(plugin.Plugin, field, destination), ring, format);
                puts.Add(put);
                SecretReference.Write(writer, put.Record.Id, endpointId);
                return;
            }

            writer.WriteNullValue();
        });
        return faults.Count == 0 ? new SealedConfig(config, puts, []) : new SealedConfig(null, [], faults);
    }

    /// <param name="json">JSON text of the value.</param>
    public static SecretPut Seal(string host, string endpointId, Secret json, SecretPurpose purpose, KeyRing ring, SecretFormat format)
    {
        var id = SecretId.New();
        var place = new SecretPlace(host, endpointId, id) { Purpose = purpose };
        var record = new SecretRecord { Id = id, EndpointId = endpointId, Sealed = ring.Seal(place, json, format) };
        return new SecretPut(KeyLayout.Secret(host, endpointId, id), record);
    }

    /// <param name="endpointId">Whose configuration it is.</param>
    /// <param name="secrets">The host's secrets in etcd, by key.</param>
    public static OpenedConfig Open(
        string host, string endpointId, string storedConfig, PluginSecrets plugin, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets, KeyRing ring)
    {
        if (plugin.Paths.Count == 0)
            return new OpenedConfig(new Secret(storedConfig), []);

        var faults = new List<SecretFault>();
        if (DestinationOf(storedConfig, plugin, faults) is not { } destination)
            return new OpenedConfig(null, faults);
        var takesClear = TakesClear(host, endpointId, References(storedConfig, plugin.Paths, []), secrets);
        var config = Rewrite(storedConfig, plugin.Paths, faults, (writer, field, value, isParent) =>
        {
            if (isParent)
            {
                // The plugin says what is wrong with it.
                writer.WriteRawValue(RecordJson.Compact(value.GetRawText()), skipInputValidation: true);
                return;
            }

            if (ReadReference(field, value, faults) is { } reference
                && OpenReference(
                    host, endpointId, new SecretPurpose(plugin.Plugin, field, destination), reference, Find(host, endpointId, reference, secrets, out var key), key, takesClear,
                    ring, faults) is { } json)
                writer.WriteRawValue(json.Reveal(), skipInputValidation: true);
            else
                writer.WriteNullValue();
        });
        return new OpenedConfig(faults.Count == 0 ? new Secret(config!) : null, faults);
    }

    /// <summary>The secrets in etcd that a stored configuration refers to, also those that do not open.</summary>
    public static IReadOnlyList<Stored<SecretRecord>> Referenced(
        string host, string endpointId, string storedConfig, IReadOnlyList<string> paths, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        var found = new List<Stored<SecretRecord>>();
        var keys = new HashSet<string>();
        foreach (var (_, reference) in References(storedConfig, paths, []))
        {
            if (Find(host, endpointId, reference, secrets, out _) is { } stored && keys.Add(stored.Key))
                found.Add(stored);
        }

        return found;
    }

    /// <summary>A stored configuration for display, its secrets as <c>***</c>; <c>{}</c> if it cannot be read.</summary>
    public static string ForDisplay(string storedConfig, IReadOnlyList<string> paths) =>
        Rewrite(storedConfig, paths, [], (writer, _, _, _) => writer.WriteStringValue(Mask)) ?? "{}";

    /// <summary>What stands in the secret fields of a stored configuration, by field. Opens nothing.</summary>
    /// <param name="faults">Gets what cannot be read.</param>
    internal static IReadOnlyList<KeyValuePair<string, SecretReference>> References(string storedConfig, IReadOnlyList<string> paths, List<SecretFault> faults)
    {
        var references = new List<KeyValuePair<string, SecretReference>>();
        if (paths.Count == 0)
            return references;

        Rewrite(storedConfig, paths, faults, (writer, field, value, isParent) =>
        {
            if (!isParent && ReadReference(field, value, faults) is { } reference)
                references.Add(KeyValuePair.Create(field, reference));
            writer.WriteNullValue();
        });
        return references;
    }

    /// <summary>The secret that a field refers to; null: it is not in etcd, or the field refers to none.</summary>
    /// <param name="key">Where it should be; null: the field refers to none.</param>
    internal static Stored<SecretRecord>? Find(
        string host, string endpointId, SecretReference reference, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets, out string? key)
    {
        key = null;
        if (reference.Id.Length == 0)
            return null;

        key = KeyLayout.Secret(host, reference.EndpointId, reference.Id);
        if (secrets.TryGetValue(key, out var stored) || reference.EndpointId.Length > 0)
            return stored;

        // A migration may have moved it since the configuration was read.
        var moved = KeyLayout.Secret(host, endpointId, reference.Id);
        if (secrets.TryGetValue(moved, out stored))
            key = moved;
        return stored;
    }

    /// <summary>What decides who receives a configuration's secrets; null: it cannot be read.</summary>
    /// <param name="faults">Gets why.</param>
    internal static SecretDestination? DestinationOf(string config, PluginSecrets plugin, List<SecretFault> faults)
    {
        var secretFields = new List<string>();
        if (Rewrite(config, plugin.Paths, faults, (writer, field, _, _) =>
            {
                secretFields.Add(field);
                writer.WriteNullValue();
            }) is not { } without)
            return null;

        try
        {
            using var document = JsonDocument.Parse(without);
            return SecretDestination.Of(document.RootElement, plugin.DestinationFields, secretFields);
        }
        catch (InvalidOperationException)
        {
            faults.Add(new SecretFault("", "plugin_config has text that is not UTF-8"));
            return null;
        }
    }

    /// <summary>
    /// False when a secret of the configuration is bound: then all were encrypted when they were given, and what stands in clear beside them somebody
    /// has written since, to turn elsewhere what gets the others.
    /// </summary>
    internal static bool TakesClear(
        string host, string endpointId, IEnumerable<KeyValuePair<string, SecretReference>> references, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets) =>
        !references.Any(field => Find(host, endpointId, field.Value, secrets, out _)?.Record?.Sealed.Type == SecretType.AesGcmBound);

    /// <summary>Opens what a field holds or refers to.</summary>
    /// <param name="stored">As <see cref="Find"/> gave it, as <paramref name="key"/>.</param>
    /// <param name="takesClear">As <see cref="TakesClear"/> says.</param>
    /// <returns>JSON text of a string; null: a fault was added.</returns>
    internal static Secret? OpenReference(
        string host, string endpointId, SecretPurpose purpose, SecretReference reference, Stored<SecretRecord>? stored, string? key, bool takesClear, KeyRing ring,
        List<SecretFault> faults)
    {
        var field = purpose.Field;
        if (reference.Clear is not null && takesClear && !ring.RequiresBound)
            return reference.Clear;
        if (reference.Clear is not null)
        {
            faults.Add(new SecretFault(field, takesClear
                ? $"stands in etcd in clear and so is bound to no destination, which SECRET_STORAGE_REQUIRE_BOUND refuses; {GiveAgain}"
                : $"stands in etcd in clear beside secrets that are bound to their destination, so that somebody has written it there since; nothing is sent; {GiveAgain}"));
            return null;
        }

        if (key is not null && stored?.Record is null)
        {
            faults.Add(new SecretFault(field, stored?.Error ?? $"the secret {key} is not in etcd: create the endpoint anew, or restore the key from a backup"));
            return null;
        }

        var place = PlaceOf(host, endpointId, reference.Id, key) with { Purpose = purpose };
        var secret = reference.Inline ?? stored!.Record!.Sealed;
        var name = key is null ? "the secret in the endpoint itself" : $"the secret {key}";
        var opened = ring.Open(place, secret);
        if (opened.Json is not { } json)
            faults.Add(new SecretFault(field, $"{name} {Explain(opened.Failure, secret, ring, purpose.Destination)}"));
        else if (!KeyRing.IsJsonString(System.Text.Encoding.UTF8.GetBytes(json.Reveal())))
            faults.Add(new SecretFault(field, $"{name} opens but is not text: create the endpoint anew"));
        else
            return json;

        return null;
    }

    /// <summary>What a secret's failure means and what to do, to follow its name.</summary>
    /// <param name="destination">Of the configuration that refers to it; null: there is none.</param>
    internal static string Explain(OpenFailure failure, SealedSecret secret, KeyRing ring, SecretDestination? destination) => failure switch
    {
        OpenFailure.NoKey => $"is encrypted and this host has no key: {SetTheKey}",
        OpenFailure.NoKeyFits => $"opens with none of this host's keys (tried {ring.Count}): add the key that it was encrypted with to SECRET_STORAGE_ALTERNATE_KEYS, or create the endpoint anew",
        OpenFailure.OtherPurpose =>
            $"was given for another destination than etcd has now: {FieldsOf(destination)} or the secret itself was changed in etcd since; nothing is sent; {GiveAgain}",
        OpenFailure.NotBound =>
            $"has type {secret.Type}, which is not bound to its destination, and SECRET_STORAGE_REQUIRE_BOUND refuses such; if it was never rotated, rotate without that setting first; "
            + $"if all were, somebody has put it back into etcd: {GiveAgain}",
        OpenFailure.Damaged => $"is damaged: its data is not what type {secret.Type} has; restore the key from a backup, or create the endpoint anew",
        _ => "has a type that this version does not know: update this agent",
    };

    private static string FieldsOf(SecretDestination? destination) =>
        destination is null ? "the endpoint" : $"plugin, {string.Join(", ", destination.Fields)}, the names of the secret fields";

    // Of another endpoint's secret it is the wrong place on purpose: what is bound to that one does not open here. What LinK left under no id is bound to none.
    private static SecretPlace PlaceOf(string host, string endpointId, string secretId, string? key) =>
        new(host, key == KeyLayout.Secret(host, "", secretId) ? "" : endpointId, secretId);

    private static SecretReference? ReadReference(string field, JsonElement value, List<SecretFault> faults)
    {
        try
        {
            SecretReference? reference = SecretReference.Read(value, out string? error);
            if (error != null)
                faults.Add(new SecretFault(field, error));
            return reference;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            faults.Add(new SecretFault(field, e is JsonException ? e.Message : "is not text in UTF-8"));
            return null;
        }
    }

    /// <returns>Null: a fault was added.</returns>
    private static string? Rewrite(string config, IReadOnlyList<string> paths, List<SecretFault> faults, SecretPaths.WriteSecret write)
    {
        try
        {
            return new SecretPaths(paths).Rewrite(config, write);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The message could quote what is there.
            faults.Add(new SecretFault("", "plugin_config is not a JSON object"));
            return null;
        }
    }
}
