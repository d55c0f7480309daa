import { PublicImageElement } from 'storage-public-variants-client/element';

const element: PublicImageElement = document.createElement('public-image');
element.setAttribute('src', '/i/spv_x');
document.body.append(element, new PublicImageElement());
