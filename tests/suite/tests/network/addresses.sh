# A DHCP server and a router, and then a client of the service that has asked them.
dnsmasq --conf-file=/dev/null --user=root --pid-file= --port=0 --interface=eth0 --bind-interfaces \
    --enable-ra --dhcp-range=fd00::,ra-only,64,300 --dhcp-range=10.1.0.50,10.1.0.59,300 \
    --dhcp-option=option:T1,30 --dhcp-leasefile=/tmp/leases --dhcp-authoritative --no-ping
until [ -s "$SHARED/addresses" ]; do sleep 0.1; done
lent_until() { grep -F ' 10.1.0.' /tmp/leases | cut -d ' ' -f 1; }
first=$(lent_until)
for address in $(cat "$SHARED/addresses"); do
    case $address in
        *:*) where="[$address]" ;;
        *)   where=$address; grep -Fq " $address " /tmp/leases ;;
    esac
    mount -t nfs -o nolock "$where:/" /mnt
    head -c 3000000 /dev/urandom > "/mnt/$address"
    sum=$(sha256sum < "/mnt/$address")
    umount /mnt
    mount -t nfs -o nolock "$where:/" /mnt
    [ "$(sha256sum < "/mnt/$address")" = "$sum" ]
    umount /mnt
    echo "$address" >> "$SHARED/written"
done
# The service renews its lease after half a minute, the least that it believes (this server lends for two
# minutes at least), and gives it back when it stops.
while [ "$(lent_until)" = "$first" ]; do sleep 0.1; done
touch "$SHARED/worked"
until [ -e "$SHARED/stopped" ]; do sleep 0.1; done
while [ -n "$(lent_until)" ]; do sleep 0.1; done
