using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Link.Core.Secrets;

/// <summary>
/// The keys of this host: the current one encrypts, all of them open. A key is the SHA-256 of the configured text, as LinK has it;
/// <see cref="SecretType.AesGcmBound"/> has keys of its own, derived from that, so that no secret of this type opens under the name of another type.
/// Costs nothing before the first secret. Safe from any thread.
/// </summary>
/// <param name="current">SECRET_STORAGE_ENCRYPTION_KEY; null: none.</param>
/// <param name="alternates">SECRET_STORAGE_ALTERNATE_KEYS: older keys, which only open.</param>
/// <param name="requiresBound">SECRET_STORAGE_REQUIRE_BOUND: nothing else than <see cref="SecretType.AesGcmBound"/> opens.</param>
internal sealed class KeyRing(Secret? current, IReadOnlyList<Secret> alternates, bool requiresBound = false)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private StorageKey[]? _keys;

    /// <summary>True when secrets can be encrypted.</summary>
    public bool HasKey => current is not null;

    public bool HasAlternates => alternates.Count > 0;

    /// <summary>True when what is not bound to its purpose does not open.</summary>
    public bool RequiresBound => requiresBound;

    /// <summary>How many keys are tried.</summary>
    public int Count => (HasKey ? 1 : 0) + alternates.Count;

    // Two threads that derive them at once derive the same.
    private StorageKey[] Keys => _keys ??= DeriveKeys();

    /// <param name="place">With its purpose if the format binds to it.</param>
    /// <param name="json">JSON text of the value.</param>
    /// <exception cref="InvalidOperationException">There is no current key, or no purpose to bind it to.</exception>
    public SealedSecret Seal(SecretPlace place, Secret json, SecretFormat format)
    {
        if (!HasKey)
            throw new InvalidOperationException("A secret cannot be encrypted without a key.");

        var plaintext = Encoding.UTF8.GetBytes(json.Reveal());
        try
        {
            if (format == SecretFormat.AesCfbSha512)
            {
                var iv = RandomNumberGenerator.GetBytes(AesCfbCipher.IvLength);
                return new SealedSecret(
                    SecretType.AesCfbSha512, Convert.ToHexStringLower(AesCfbCipher.Seal(Keys[0].LinKs, iv, plaintext)), Convert.ToHexStringLower(SHA512.HashData(plaintext)));
            }

            var nonce = RandomNumberGenerator.GetBytes(AesGcmCipher.NonceLength);
            return format == SecretFormat.AesGcmBound
                ? new SealedSecret(
                    SecretType.AesGcmBound, Convert.ToHexStringLower(AesGcmCipher.Seal(Keys[0].Bound, nonce, plaintext, place.ToBoundAssociatedData())), KeyId: Keys[0].Id)
                : new SealedSecret(SecretType.AesGcm, Convert.ToHexStringLower(AesGcmCipher.Seal(Keys[0].LinKs, nonce, plaintext, place.ToAssociatedData())));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }

    /// <summary>Tries the current key, then the alternates.</summary>
    /// <param name="place">Where it lies and what it is for; what of it counts, the type says.</param>
    public OpenedSecret Open(SecretPlace place, SealedSecret secret)
    {
        if (!SecretType.IsKnown(secret.Type))
            return Failed(OpenFailure.UnknownType);
        if (requiresBound && secret.Type != SecretType.AesGcmBound)
            return Failed(OpenFailure.NotBound);
        if (ReadHex(secret.Data) is not { } data || data.Length < ShortestData(secret.Type))
            return Failed(OpenFailure.Damaged);

        var hash = secret.Type == SecretType.AesCfbSha512 ? ReadHex(secret.Hash ?? "") : null;
        if (secret.Type == SecretType.AesCfbSha512 && hash?.Length != SHA512.HashSizeInBytes)
            return Failed(OpenFailure.Damaged);
        if (Count == 0)
            return Failed(OpenFailure.NoKey);
        if (secret.Type == SecretType.AesGcmBound && place.Purpose is null)
            return Failed(OpenFailure.OtherPurpose);

        var associatedData = secret.Type switch
        {
            SecretType.AesGcmBound => place.ToBoundAssociatedData(),
            SecretType.AesGcm => place.ToAssociatedData(),
            _ => [],
        };
        for (var i = 0; i < Keys.Length; i++)
        {
            var plaintext = secret.Type switch
            {
                SecretType.AesGcmBound => AesGcmCipher.Open(Keys[i].Bound, data, associatedData),
                SecretType.AesGcm => AesGcmCipher.Open(Keys[i].LinKs, data, associatedData),
                _ => OpenCfb(Keys[i].LinKs, data, hash),
            };
            if (plaintext is null)
                continue;

            var json = ReadText(plaintext);
            CryptographicOperations.ZeroMemory(plaintext);
            return json is null ? Failed(OpenFailure.Damaged) : new OpenedSecret(new Secret(json), HasKey && i == 0, OpenFailure.None);
        }

        return Failed(secret.Type == SecretType.AesGcmBound && Array.Exists(Keys, key => key.Id == secret.KeyId) ? OpenFailure.OtherPurpose : OpenFailure.NoKeyFits);
    }

    private static OpenedSecret Failed(OpenFailure failure) => new(null, false, failure);

    private static int ShortestData(string type) =>
        SecretType.IsBoundToPlace(type) ? AesGcmCipher.NonceLength + AesGcmCipher.TagLength : AesCfbCipher.IvLength;

    private static byte[]? OpenCfb(byte[] key, byte[] data, byte[]? hash)
    {
        var plaintext = AesCfbCipher.Open(key, data);
        return (hash is null ? IsJsonString(plaintext) : CryptographicOperations.FixedTimeEquals(SHA512.HashData(plaintext), hash)) ? plaintext : null;
    }

    /// <summary>True for the JSON text of a string, in UTF-8: all that tells a right key from a wrong one where there is no hash.</summary>
    public static bool IsJsonString(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                return false;

            // Bytes that are no UTF-8 show up only here.
            _ = reader.GetString();
            return !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static byte[]? ReadHex(string text)
    {
        if (text.Length % 2 != 0)
            return null;
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigit(c))
                return null;
        }

        return Convert.FromHexString(text);
    }

    private static string? ReadText(byte[] utf8)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private StorageKey[] DeriveKeys()
    {
        var keys = new List<StorageKey>(Count);
        if (current is not null)
            keys.Add(StorageKey.Derive(current));
        foreach (var key in alternates)
            keys.Add(StorageKey.Derive(key));
        return [.. keys];
    }
}
